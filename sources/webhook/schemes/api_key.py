"""A secret that the sender sends as it is, in a header or in the query.

https://swagger.io/docs/specification/v3_0/authentication/api-keys/
It proves nothing about the body, and whoever reads it once can use it: prefer a signature where a sender has one.
"""

import hmac
from typing import Literal, Self

from pydantic import Field, model_validator

from router.api import ConnectorError, Reason, Request, Sending
from sources.webhook.encoding import single
from sources.webhook.form import fields
from sources.webhook.scheme import HeaderName, Scheme, Verifier
from sources.webhook.secrets import Keys, Secrets, text_key
from sources.webhook.sending import Headers

_MIN_SECRET_CHARACTERS = 8


class ApiKeyScheme(Scheme):
    """A secret in a header or in the query."""

    scheme: Literal["api_key"]
    secrets: Secrets
    header: HeaderName | None = Field(None, description="The header with the secret, in lower case.")
    query: str | None = Field(None, pattern=r"^[A-Za-z0-9._~-]{1,64}$", description="The query's parameter with it.")
    prefix: str = Field("", max_length=32, description="What stands before the secret in the header, as `Bearer `.")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.header is None) == (self.query is None) or (self.prefix and self.header is None):
            message = "give either `header`, with a `prefix` or without, or `query`"
            raise ValueError(message)
        return self

    def verifier(self) -> Verifier:
        """Any of the secrets."""
        return ApiKeyVerifier(self._keys(), self.header, self.query, self.prefix)

    def sign(self, sending: Sending) -> Headers:
        """The first secret. Raises ConnectorError (USAGE) if it belongs into the query."""
        if self.header is None:
            return super().sign(sending)
        return ((self.header, self.prefix + self._keys().first(sending.sent_at).decode("latin-1")),)

    def proofs(self) -> frozenset[str]:
        """The header; the query enters no record."""
        return frozenset() if self.header is None else frozenset({self.header})

    def _keys(self) -> Keys:
        return Keys(self.secrets, text_key(_MIN_SECRET_CHARACTERS))


class ApiKeyVerifier:
    """Compares what was sent with the secrets."""

    def __init__(self, keys: Keys, header: str | None, query: str | None, prefix: str) -> None:
        self._keys = keys
        self._header = header
        self._query = (query or "").encode()
        self._prefix = prefix

    def verify(self, request: Request) -> None:
        """Return if a secret was sent. Raises ConnectorError (AUTH_FAILED, INPUT_INVALID), whatever the bytes."""
        sent = self._in_query(request) if self._header is None else self._in_header(request, self._header)
        for key in self._keys.current(request.received_at):
            if hmac.compare_digest(key, sent):
                return
        raise ConnectorError(Reason.SIGNATURE_MISMATCH, "What was sent is none of the secrets.")

    def _in_header(self, request: Request, header: str) -> bytes:
        value = single(request, header, Reason.SIGNATURE_MISSING)
        if not value.startswith(self._prefix):
            raise ConnectorError(Reason.SCHEME_NOT_ALLOWED, f"The header {header} does not begin with the prefix.")
        return value[len(self._prefix) :].encode("latin-1", "backslashreplace")

    def _in_query(self, request: Request) -> bytes:
        found = fields(request.query.encode("latin-1", "backslashreplace"))
        values = [value for name, value in found if name == self._query]
        if len(values) > 1:
            raise ConnectorError(Reason.SIGNATURE_MALFORMED, "The query has the secret's parameter more than once.")
        if not values:
            raise ConnectorError(Reason.SIGNATURE_MISSING, "The query has no secret.")
        return values[0]
