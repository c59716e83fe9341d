"""Fetching what verifiers need from outside: https only, without redirects, proxies and cookies, and bounded."""

from ipaddress import ip_address
from urllib.parse import urlsplit

import aiohttp

from router.api import ConnectorError, Egress, Reason
from sources.webhook.resolving import guarded

_TIMEOUT_SECONDS = 5.0
_CHUNK_BYTES = 16_384
_OK = 200
_MAX_URL_CHARACTERS = 500


def address(url: str) -> str:
    """The `host:port` that the URL leads to. Raises ValueError unless it is https, or http on this machine."""
    problem = "must be an https URL without user, password and fragment"
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url or len(url) > _MAX_URL_CHARACTERS:
        raise ValueError(problem)
    parts = urlsplit(url)
    port = parts.port  # raises ValueError
    host = parts.hostname
    if not host or "@" in parts.netloc or "#" in url:
        raise ValueError(problem)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise ValueError(problem)
    return f"{f'[{host}]' if ':' in host else host}:{port or (443 if parts.scheme == 'https' else 80)}"


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def fetch(url: str, max_bytes: int, egress: Egress) -> bytes:
    """What the URL gives.

    Raises ConnectorError: TARGET_UNREACHABLE, TARGET_TIMEOUT, PAYLOAD_TOO_LARGE, EGRESS_DENIED.
    """
    where = address(url)
    host, _, port = where.rpartition(":")
    egress.check_literal(host, int(port))
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(
                connector=guarded(egress), timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            ) as session,
            session.get(url, allow_redirects=False, headers={"accept-encoding": "identity"}) as response,
        ):
            if response.status != _OK:
                message = f"{where} answered {response.status} instead of keys."
                raise ConnectorError(Reason.TARGET_UNREACHABLE, message)
            return await _body(response, where, max_bytes)
    except TimeoutError:
        message = f"{where} did not give the keys within {_TIMEOUT_SECONDS:g} seconds."
        raise ConnectorError(Reason.TARGET_TIMEOUT, message) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        message = f"The keys cannot be fetched from {where} ({type(error).__name__})."
        raise ConnectorError(Reason.TARGET_UNREACHABLE, message) from None


async def _body(response: aiohttp.ClientResponse, where: str, max_bytes: int) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_chunked(_CHUNK_BYTES):
        size += len(part)
        if size > max_bytes:
            raise ConnectorError(Reason.PAYLOAD_TOO_LARGE, f"The keys of {where} are larger than {max_bytes} bytes.")
        parts.append(part)
    return b"".join(parts)
