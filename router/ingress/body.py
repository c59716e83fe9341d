"""Reading a request: within its size, its deadline and the encodings that are understood."""

import asyncio

from aiohttp import ClientError, HttpVersion11, web
from aiohttp.http_exceptions import HttpProcessingError

from router.api import ConnectorError, Reason
from router.ingress.encoding import decode, too_large

Headers = tuple[tuple[str, str], ...]


def headers(request: web.BaseRequest) -> Headers:
    """The headers as sent, with names in lower case."""
    return tuple([(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.raw_headers])


async def body(request: web.BaseRequest, received: Headers, deadline_seconds: float) -> bytes:
    """The whole body, decompressed.

    Raises ConnectorError: PAYLOAD_TOO_LARGE, PAYLOAD_ENCODING, ENCODING_UNSUPPORTED, REQUEST_TIMEOUT.
    """
    content = await _read(request, deadline_seconds)
    codings = [value for name, value in received if name == "content-encoding"]
    return decode(content, codings, request.client_max_size) if codings else content


async def _read(request: web.BaseRequest, deadline_seconds: float) -> bytes:
    try:
        if request.content.is_eof():
            return _arrived(request)
        async with asyncio.timeout(deadline_seconds):
            await _invite(request)
            return await request.read()
    except TimeoutError:
        raise ConnectorError(Reason.REQUEST_TIMEOUT, "The body did not arrive in time.") from None
    except web.HTTPRequestEntityTooLarge:
        raise too_large(request.client_max_size) from None
    except ConnectionError:
        raise ConnectorError(Reason.REQUEST_TIMEOUT, "The connection ended before the body did.") from None
    except (web.RequestPayloadError, HttpProcessingError, ClientError, ValueError):
        # aiohttp would read the broken rest once more after the answer, and fail before the answer is out.
        request.content.feed_eof()
        raise ConnectorError(Reason.PAYLOAD_ENCODING, "The body cannot be read as its headers describe it.") from None


def _arrived(request: web.BaseRequest) -> bytes:
    """A body that arrived with its head, as small ones do; `request.read` copies it twice."""
    content = request.content.read_nowait()
    if len(content) > request.client_max_size:
        raise too_large(request.client_max_size)
    return content


async def _invite(request: web.BaseRequest) -> None:
    """Some senders hold a body back until they are told to go on; aiohttp does so in its applications only."""
    if request.version >= HttpVersion11 and request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
