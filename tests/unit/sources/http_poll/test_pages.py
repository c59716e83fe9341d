from typing import Any

import pytest
from pydantic import TypeAdapter

from router.api import ConnectorError, Reason
from sources.http_poll.client import Page
from sources.http_poll.pages import Pages, Place
from sources.http_poll.pagination_config import Pagination


def pages(**settings: Any) -> Pages:
    pagination: Pagination = TypeAdapter(Pagination).validate_python(settings)
    return Pages("some", pagination)


def page(document: Any = None, link: str | None = None) -> Page:
    return Page(document, b"", link)


@pytest.mark.parametrize(
    ("settings", "place", "answer", "count", "following"),
    [
        ({"kind": "none"}, None, page(), 9, None),
        ({"kind": "page"}, None, page(), 9, 2),
        ({"kind": "page", "first": 0}, 1, page(), 9, 2),
        ({"kind": "page"}, 2, page(), 0, None),
        ({"kind": "page", "size": 10, "size_param": "n"}, 2, page(), 9, 3),
        ({"kind": "page", "size": 10, "size_param": "n", "stop": "short"}, 2, page(), 9, None),
        ({"kind": "page", "more": "more"}, 2, page({"more": False}), 9, None),
        ({"kind": "page", "more": "more"}, 2, page({"more": True}), 9, 3),
        ({"kind": "offset"}, None, page(), 9, 9),
        ({"kind": "offset"}, 9, page(), 7, 16),
        ({"kind": "cursor", "next": "next"}, None, page({"next": "t"}), 0, "t"),
        ({"kind": "cursor", "next": "next"}, "t", page({"next": ""}), 9, None),
        ({"kind": "cursor", "next": "next"}, "t", page({"next": None}), 9, None),
        ({"kind": "cursor", "next": "next"}, "t", page({"next": 7}), 9, "7"),
        ({"kind": "link_header"}, None, page(link="http://a/2"), 9, "http://a/2"),
        ({"kind": "link_header"}, "http://a/2", page(), 9, None),
    ],
)
def test_the_next_page_follows_from_this_one(
    settings: dict[str, Any], place: Place, answer: Page, count: int, following: Place
) -> None:
    assert pages(**settings).after(place, answer, count) == following


def test_a_page_that_names_itself_as_the_next_is_refused() -> None:
    with pytest.raises(ConnectorError) as caught:
        pages(kind="cursor", next="next").after("t", page({"next": "t"}), 9)

    assert caught.value.reason is Reason.PAYLOAD_MALFORMED


@pytest.mark.parametrize(
    ("settings", "place", "fits"),
    [
        ({"kind": "page"}, 3, True),
        ({"kind": "page"}, "t", False),
        ({"kind": "cursor", "next": "next"}, 3, False),
        ({"kind": "none"}, 3, False),
        ({"kind": "none"}, None, True),
    ],
)
def test_a_place_of_another_kind_of_pages_does_not_fit(settings: dict[str, Any], place: Place, fits: bool) -> None:
    assert pages(**settings).fits(place) is fits
