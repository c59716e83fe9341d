"""Headers that every request carries besides those of its event: fixed ones, and secrets."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Tag

from router.api import ConnectorError, Reason, Secret

_TOKEN = re.compile(r"[a-z0-9!#$&'*+.^_`|~-]{1,128}")
_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,8190}[\x21-\x7e])?")
_MAX_WRITTEN = 2_048
_SECRET = re.compile(r"authorization|cookie|token|secret|password|api-?key|signature")
# Those that the sink sets for each event, or that frame the message.
_OURS = re.compile(
    r"webhook-.*|ce-.*|idempotency-key|traceparent|content-(type|length|encoding)|host|connection|keep-alive|"
    r"transfer-encoding|te|trailer|upgrade|expect|proxy-.*"
)


def _kind(value: Any) -> str:
    return "reference" if isinstance(value, Secret) or (isinstance(value, str) and "${" in value) else "text"


HeaderValue = Annotated[
    Annotated[str, Tag("text")] | Annotated[Secret, Tag("reference")],
    Discriminator(_kind),
]
"""A text, or a reference to a secret."""


def _acceptable(headers: dict[str, str | Secret]) -> dict[str, str | Secret]:
    lower = {name.lower(): value for name, value in headers.items()}
    for name, value in lower.items():
        written = "x" if isinstance(value, Secret) else value
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(written) or len(written) > _MAX_WRITTEN:
            message = "a header's name or value has characters that HTTP does not allow"
            raise ValueError(message)
        if _OURS.fullmatch(name):
            message = f"{name} is set by the sink itself"
            raise ValueError(message)
        if _SECRET.search(name) and not isinstance(value, Secret):
            message = f"secret_literal: {name} looks like a secret, which must be a reference such as ${{env:NAME}}"
            raise ValueError(message)
    if len(lower) != len(headers):
        message = "a header is given twice"
        raise ValueError(message)
    return lower


Headers = Annotated[dict[str, HeaderValue], AfterValidator(_acceptable)]
"""Headers by name, in lower case."""


class ExtraHeaders:
    """The headers as they are now: a changed secret is used from the next request on."""

    def __init__(self, headers: Mapping[str, str | Secret]) -> None:
        """Raises ConnectorError (SECRET_NOT_FOUND, SECRET_UNUSABLE), so that a bad secret is found at the start."""
        self._fixed = {name: value for name, value in headers.items() if isinstance(value, str)}
        self._secret = {name: value for name, value in headers.items() if isinstance(value, Secret)}
        self.current()

    def current(self) -> Mapping[str, str]:
        """All of them. Raises ConnectorError (SECRET_NOT_FOUND, SECRET_UNUSABLE)."""
        if not self._secret:
            return self._fixed
        return self._fixed | {name: usable(secret) for name, secret in self._secret.items()}


def usable(secret: Secret) -> str:
    """The secret's value, if a header may have it. Raises ConnectorError (SECRET_NOT_FOUND, SECRET_UNUSABLE)."""
    value = secret.reveal()
    if not _VALUE.fullmatch(value):
        message = f"{secret.reference} is empty, or has characters that no header may have."
        raise ConnectorError(Reason.SECRET_UNUSABLE, message, fix="Look for a line break at its end.")
    return value
