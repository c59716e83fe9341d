"""What a browser is told depends on the page's origin, and on nothing else."""

import pytest
from pydantic import ValidationError

from router.config.front import CorsSettings
from router.ingress.cors import Cors

SHOP = "https://shop.example"
CORS = Cors(CorsSettings(origins=(SHOP,), max_age_seconds=60))


def lines(written: bytes) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in written.decode().split("\r\n") if line)


def test_a_page_that_may_send_is_named_in_every_answer() -> None:
    assert lines(CORS.answer(SHOP)) == {"Vary": "Origin", "Access-Control-Allow-Origin": SHOP}


def test_a_preflight_also_says_what_may_be_sent_and_for_how_long() -> None:
    assert lines(CORS.preflight(SHOP)) == {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": SHOP,
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "*",
        "Access-Control-Max-Age": "60",
    }


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "https://shop.example.evil",
        "http://shop.example",
        "https://SHOP.example",
        f"{SHOP}/",
        f"{SHOP}\r\nX: 1",
    ],
)
def test_any_other_page_is_told_nothing_but_that_the_origin_counts(origin: str) -> None:
    assert CORS.preflight(origin) == CORS.answer(origin) == CORS.answer(None) == b"Vary: Origin\r\n"


@pytest.mark.parametrize(
    ("method", "headers", "asks"),
    [
        ("OPTIONS", {"origin": SHOP, "access-control-request-method": "POST"}, True),
        ("OPTIONS", {"origin": SHOP}, False),
        ("OPTIONS", {"access-control-request-method": "POST"}, False),
        ("POST", {"origin": SHOP, "access-control-request-method": "POST"}, False),
    ],
)
def test_only_a_browsers_question_is_a_preflight(method: str, headers: dict[str, str], *, asks: bool) -> None:
    assert CORS.is_preflight(method, headers) is asks


@pytest.mark.parametrize("origin", ["*", "shop.example", f"{SHOP}/page", "https://"])
def test_an_origin_of_the_configuration_is_a_scheme_and_a_host(origin: str) -> None:
    with pytest.raises(ValidationError):
        CorsSettings(origins=(origin,))
