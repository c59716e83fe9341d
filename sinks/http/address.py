"""Addresses of endpoints: which are accepted, and which `host:port` they lead to."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

_URL = re.compile(r"[\x21-\x7e]{1,2048}")


def _endpoint(url: str) -> str:
    message = "must be an http:// or https:// address, percent-encoded where it is not ASCII"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # Without the cause, which repeats parts of the address.
        raise ValueError(message) from None
    if not _URL.fullmatch(url) or parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError(message)
    if "@" in parts.netloc or parts.fragment:
        message = "must have neither user nor password nor a fragment"
        raise ValueError(message)
    return url


Url = Annotated[str, AfterValidator(_endpoint)]
"""An http or https address."""


def host_and_port(url: str) -> str:
    """The `host:port` that the address leads to."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
