import jmespath  # type: ignore[import-untyped]
import pytest

from sources.http_poll.exact_json import parse, plain_text, to_bytes


@pytest.mark.parametrize(
    "written",
    ['{"a":1.10,"b":[1e-7,-0,-0.0],"c":null}', "12345678901234567890123.456", '"\\ud800"', '["\\u0001","é"]', "{}"],
)
def test_what_is_written_compactly_is_written_again_byte_by_byte(written: str) -> None:
    assert to_bytes(parse(written.encode())) == written.encode()


def test_an_integer_of_many_digits_is_kept() -> None:
    digits = b"7" * 10_000

    assert to_bytes(parse(digits)) == digits


@pytest.mark.parametrize("body", [b"NaN", b"[Infinity]", b"\xff", b"", b"[" * 100_000])
def test_what_is_not_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  any message will do
        parse(body)


def test_a_number_that_keeps_its_digits_is_one_to_jmespath() -> None:
    document = parse(b'{"items":[{"n":2.50},{"n":1.5}]}')

    assert plain_text(jmespath.search("sort_by(items, &n)[0].n", document)) == "1.5"
    assert plain_text(jmespath.search("items[?n > `2`] | [0].n", document)) == "2.50"
    assert jmespath.search("sum(items[].n)", document) == 4


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (7, "7"), ("", None), (None, None), ([], None)])
def test_only_texts_numbers_and_booleans_have_a_plain_text(value: object, text: str | None) -> None:
    assert plain_text(value) == text
