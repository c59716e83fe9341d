"""Addresses of APIs: which are accepted, and which `host:port` they lead to."""

import re
from urllib.parse import urlsplit

_URL = re.compile(r"[\x21-\x7e]{1,2048}")


def http_address(url: str) -> str:
    """The address, if it is one of http or https without user, query and fragment. Raises ValueError."""
    message = "must be an http:// or https:// address, percent-encoded where it is not ASCII"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # Without the cause, which repeats parts of the address.
        raise ValueError(message) from None
    if not _URL.fullmatch(url) or parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError(message)
    if "@" in parts.netloc or parts.query or parts.fragment:
        message = "must have neither user nor password, nor a query or a fragment"
        raise ValueError(message)
    return url


def host_and_port(url: str) -> str:
    """The `host:port` that the address leads to."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
