"""The settings of the HTTP sink."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from router.api import ConnectorConfig, Secret

_TOKEN = re.compile(r"[a-z0-9!#$&'*+.^_`|~-]{1,128}")
_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,2046}[\x21-\x7e])?")
_URL = re.compile(r"[\x21-\x7e]{1,2048}")
_SECRET = re.compile(r"authorization|cookie|token|secret|password|api-?key|signature")
# Those that the sink sets for each event, or that frame the message.
_OURS = re.compile(
    r"webhook-.*|ce-.*|idempotency-key|traceparent|content-(type|length|encoding)|host|connection|keep-alive|"
    r"transfer-encoding|te|trailer|upgrade|expect|proxy-.*"
)


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


def _static_headers(headers: dict[str, str]) -> dict[str, str]:
    lower = {name.lower(): value for name, value in headers.items()}
    for name, value in lower.items():
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            message = "a header's name or value has characters that HTTP does not allow"
            raise ValueError(message)
        if _OURS.fullmatch(name):
            message = f"{name} is set by the sink itself"
            raise ValueError(message)
        if _SECRET.search(name):
            message = f"secret_literal: {name} looks like a secret, which has no place here"
            raise ValueError(message)
    if len(lower) != len(headers):
        message = "a header is given twice"
        raise ValueError(message)
    return lower


class HttpConfig(ConnectorConfig):
    """Where events are posted to, and how they are signed."""

    url: Annotated[str, AfterValidator(_endpoint)] = Field(description="The endpoint's address, http or https.")
    signing_secret: Secret = Field(
        description="The key of the signatures, `whsec_` and 24 to 64 bytes in base64 (Standard Webhooks)."
    )
    headers: Annotated[dict[str, str], AfterValidator(_static_headers)] = Field(
        default_factory=dict, max_length=32, description="Headers sent with every event; no secrets."
    )
    timeout_seconds: float = Field(30, gt=0, le=600, description="How long a request may take, answer included.")
    max_in_flight: int = Field(64, ge=1, le=512, description="How many requests a process has under way at most.")

    @property
    def address(self) -> str:
        """The `host:port` that the sink connects to."""
        parts = urlsplit(self.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
