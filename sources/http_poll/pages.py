"""From one page to the next: the parameters of a page, and which page follows it."""

from collections.abc import Mapping
from typing import Any

from router.api import ConnectorError, Reason
from sources.http_poll.client import Page
from sources.http_poll.exact_json import plain_text
from sources.http_poll.pagination_config import LinkHeader, Offsets, OnePage, PageNumbers, Pagination, Tokens
from sources.http_poll.selector import Selector

Place = int | str | None
"""A page's number, offset, token or address; None is the first page."""


class Pages:
    """The pages of one stream."""

    def __init__(self, stream: str, pagination: Pagination) -> None:
        self._stream = stream
        self._pagination = pagination
        self._more = None if isinstance(pagination, OnePage) else _selector(pagination.more)
        self._next = Selector(pagination.next) if isinstance(pagination, Tokens) else None

    @property
    def may_shift(self) -> bool:
        """Whether a record may move from one page to another while they are read, and this is to be looked for."""
        return isinstance(self._pagination, PageNumbers | Offsets | LinkHeader) and self._pagination.verify

    @property
    def keeps_its_place(self) -> bool:
        """Whether a page's place leads to the same records however often it is asked for."""
        return isinstance(self._pagination, OnePage | Tokens)

    def fits(self, place: Place) -> bool:
        """Whether the place is one of this kind of pages, and not from before the configuration was changed."""
        kind = {PageNumbers: int, Offsets: int, Tokens: str, LinkHeader: str}.get(type(self._pagination))
        return place is None or (kind is not None and isinstance(place, kind))

    def parameters(self, place: Place) -> Mapping[str, str | int]:
        """What asks for the page; an address is asked for by itself."""
        pagination, params = self._pagination, dict[str, str | int]()
        if pagination.size_param is not None and pagination.size is not None:
            params[pagination.size_param] = pagination.size
        if isinstance(pagination, PageNumbers):
            params[pagination.param] = pagination.first if place is None else place
        elif isinstance(pagination, Offsets):
            params[pagination.param] = 0 if place is None else place
        elif isinstance(pagination, Tokens) and place is not None:
            params[pagination.param] = place
        return params

    def link(self, place: Place) -> str | None:
        """The address of the page, if it has one of its own."""
        return str(place) if isinstance(self._pagination, LinkHeader) and place is not None else None

    def after(self, place: Place, page: Page, count: int) -> Place:
        """The next page's place, None if this is the last. count: the records of this one. Raises ConnectorError."""
        pagination = self._pagination
        if isinstance(pagination, OnePage) or (self._more is not None and not _is_true(self._more.find(page.document))):
            return None
        if isinstance(pagination, LinkHeader):
            return self._moved(place, page.next_link)
        if isinstance(pagination, Tokens):
            return self._moved(place, plain_text(self._next.find(page.document)) if self._next else None)
        if count == 0 or (pagination.stop == "short" and count < (pagination.size or 0)):
            return None
        if isinstance(pagination, PageNumbers):
            return (pagination.first if place is None else int(place)) + 1
        return (0 if place is None else int(place)) + count

    def _moved(self, place: Place, following: str | None) -> Place:
        if following is not None and following == place:
            message = f"Stream {self._stream}: a page names itself as the next one."
            raise ConnectorError(Reason.PAYLOAD_MALFORMED, message, fix="See the stream's `pagination`.")
        return following


def _selector(expression: str | None) -> Selector | None:
    return None if expression is None else Selector(expression)


def _is_true(value: Any) -> bool:
    return bool(value)
