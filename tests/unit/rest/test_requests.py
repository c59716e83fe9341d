from http import HTTPStatus

import pytest

from router.rest.answers import RestError
from router.rest.requests import flat_map, parsed


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": NaN}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xff\xfe{\x00}\x00",
        b'{"a": "\xff"}',
        b"9" * 5_000,
    ],
)
def test_a_body_that_is_not_strictly_json_is_400_and_not_repeated(raw: bytes) -> None:
    with pytest.raises(RestError) as raised:
        parsed(raw)

    assert raised.value.status == HTTPStatus.BAD_REQUEST
    assert raised.value.message == "The body is not valid JSON, or has a key twice."


def test_numbers_and_booleans_are_taken_as_connect_takes_them() -> None:
    flat = flat_map({"tasks.max": 2, "a": True, "b": 0.5, "c": "x", "d": None})

    assert flat == {"tasks.max": "2", "a": "true", "b": "0.5", "c": "x", "d": None}


@pytest.mark.parametrize("content", [None, [], "x", {"a": []}, {"a": {}}])
def test_what_is_no_flat_map_is_400(content: object) -> None:
    with pytest.raises(RestError) as raised:
        flat_map(content)

    assert raised.value.status == HTTPStatus.BAD_REQUEST
