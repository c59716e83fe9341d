"""Content encodings: a body is whole and within its limit, or refused.

aiohttp could decompress, too, but takes a body that ends too early for a shorter one.
"""

import zlib
from collections.abc import Sequence

from router.api import ConnectorError, Reason

_GZIP = 16 + zlib.MAX_WBITS
_ANY_EXPANSION_BYTES = 1_048_576
_MAX_MEMBERS = 8
"""Of a gzip body; senders make one, and each takes a copy of the rest."""


def decode(content: bytes, codings: Sequence[str], limit: int, expansion: int = 100) -> bytes:
    """The content without its encoding. codings: the values of all headers `content-encoding`.

    limit: bytes of the result. expansion: how many times larger than the content it may be, if it exceeds 1 MiB.
    Raises ConnectorError: ENCODING_UNSUPPORTED, PAYLOAD_ENCODING, PAYLOAD_TOO_LARGE.
    """
    limit = min(limit, max(_ANY_EXPANSION_BYTES, expansion * len(content)))
    match [coding.strip().lower() for coding in codings]:
        case [] | ["" | "identity"]:
            return content
        case ["gzip" | "x-gzip"]:
            return _inflate(content, _GZIP, limit, _MAX_MEMBERS)
        case ["deflate"]:
            return _inflate(content, _deflate_bits(content), limit, 1)
    raise ConnectorError(
        Reason.ENCODING_UNSUPPORTED, "The content encoding is not supported: send gzip, deflate or none."
    )


def too_large(limit: int) -> ConnectorError:
    """PAYLOAD_TOO_LARGE, with the limit in bytes."""
    return ConnectorError(Reason.PAYLOAD_TOO_LARGE, f"The body is larger than {limit} bytes.")


def _inflate(content: bytes, bits: int, limit: int, members: int) -> bytes:
    parts: list[bytes] = []
    left = limit
    for _ in range(members):
        decompressor = zlib.decompressobj(bits)
        try:
            part = decompressor.decompress(content, left + 1)
        except zlib.error:
            break
        left -= len(part)
        if left < 0:
            raise too_large(limit)
        if not decompressor.eof:
            break
        parts.append(part)
        content = decompressor.unused_data
        if not content:
            return b"".join(parts)
    raise ConnectorError(Reason.PAYLOAD_ENCODING, "The body cannot be decompressed.")


def _deflate_bits(content: bytes) -> int:
    """With the zlib header that the standard asks for, or without it, as many senders have it."""
    zlib_header = 0x08
    return zlib.MAX_WBITS if content[:1] and content[0] & 0x0F == zlib_header else -zlib.MAX_WBITS
