"""Reading a request: within its size, its deadline and the encodings that are understood."""

import asyncio
import zlib

from aiohttp import ClientError, web
from aiohttp.http_exceptions import HttpProcessingError

from router.api import ConnectorError, Reason

_ENCODINGS = frozenset({"", "identity", "gzip", "deflate"})


def headers(request: web.BaseRequest) -> tuple[tuple[str, str], ...]:
    """The headers as sent, with names in lower case. Raises ConnectorError (ENCODING_UNSUPPORTED)."""
    received = tuple([(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.raw_headers])
    for name, value in received:
        if name == "content-encoding" and value.strip().lower() not in _ENCODINGS:
            raise ConnectorError(
                Reason.ENCODING_UNSUPPORTED, "The content encoding is not supported: send gzip, deflate or none."
            )
    return received


async def body(request: web.BaseRequest, deadline_seconds: float) -> bytes:
    """The whole body, decompressed.

    Raises ConnectorError: PAYLOAD_TOO_LARGE, PAYLOAD_ENCODING, PAYLOAD_MALFORMED, REQUEST_TIMEOUT.
    """
    try:
        if request.content.is_eof():
            return await request.read()
        async with asyncio.timeout(deadline_seconds):
            return await request.read()
    except TimeoutError:
        raise ConnectorError(Reason.REQUEST_TIMEOUT, "The body did not arrive in time.") from None
    except web.HTTPRequestEntityTooLarge:
        message = f"The body is larger than {request.client_max_size} bytes."
        raise ConnectorError(Reason.PAYLOAD_TOO_LARGE, message) from None
    except (web.RequestPayloadError, HttpProcessingError, ClientError, zlib.error, ValueError):
        # aiohttp would read the broken rest once more after the answer, and fail before the answer is out.
        request.content.feed_eof()
        raise ConnectorError(Reason.PAYLOAD_ENCODING, "The body cannot be read as its headers describe it.") from None
