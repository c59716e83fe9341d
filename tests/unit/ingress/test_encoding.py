"""A compressed body is whole and within the limit, or refused."""

import gzip
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.api import ConnectorError, Reason
from router.ingress.encoding import decode


def refusal(content: bytes, coding: str, limit: int = 1_000) -> Reason:
    with pytest.raises(ConnectorError) as raised:
        decode(content, [coding], limit)
    return raised.value.reason


def outcome(content: bytes, coding: str) -> str | int:
    try:
        decoded = decode(content, [coding], 100)
    except ConnectorError as error:
        return error.spec.http_status
    return "decoded" if len(decoded) <= max(100, len(content)) else "too large"


@given(st.binary(max_size=500))
def test_what_was_compressed_comes_back(content: bytes) -> None:
    assert decode(gzip.compress(content), ["GZip "], 500) == content
    assert decode(zlib.compress(content), ["deflate"], 500) == content
    assert decode(content, ["identity"], 500) == content


@given(st.binary(min_size=1, max_size=100), st.data())
def test_a_part_of_it_is_refused(content: bytes, data: st.DataObject) -> None:
    compressed = gzip.compress(content)
    cut = data.draw(st.integers(0, len(compressed) - 1))

    assert refusal(compressed[:cut], "gzip") is Reason.PAYLOAD_ENCODING


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate", "br", "gzip, gzip", "", "\xff"]))
def test_any_bytes_are_decoded_or_refused(content: bytes, coding: str) -> None:
    assert outcome(content, coding) in ("decoded", 400, 413, 415)


@pytest.mark.parametrize("members", [1, 4])
def test_the_limit_is_that_of_the_whole(members: int) -> None:
    content = gzip.compress(b"x" * 25) * members

    assert len(decode(content, ["gzip"], 25 * members)) == 25 * members
    assert refusal(content, "gzip", 25 * members - 1) is Reason.PAYLOAD_TOO_LARGE


def test_encodings_upon_each_other_are_not_supported() -> None:
    with pytest.raises(ConnectorError) as raised:
        decode(gzip.compress(gzip.compress(b"x")), ["gzip", "gzip"], 1_000)

    assert raised.value.reason is Reason.ENCODING_UNSUPPORTED


def test_a_large_body_expands_no_more_than_it_may() -> None:
    """A small one may, whatever its content: it is no bomb."""
    small, bomb = gzip.compress(bytes(1_048_576)), gzip.compress(bytes(3_000_000))
    honest = gzip.compress(random.Random(1).randbytes(40_000) + bytes(1_500_000))  # noqa: S311  not for secrets

    assert len(decode(small, ["gzip"], 64_000_000, 100)) == 1_048_576
    assert refusal(bomb, "gzip", 64_000_000) is Reason.PAYLOAD_TOO_LARGE
    assert len(decode(honest, ["gzip"], 64_000_000, 100)) == 1_540_000
    assert len(decode(bomb, ["gzip"], 64_000_000, 1_100)) == 3_000_000
