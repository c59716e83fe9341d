"""An HMAC in a header, with everything about it configurable."""

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Literal, Self

from pydantic import Field, model_validator

from router.api import ConnectorError, Reason, Request
from sources.webhook.encoding import check_window, decode_base64, decode_hex, single, timestamp
from sources.webhook.scheme import HeaderName, Scheme, Tolerance, Verifier
from sources.webhook.secrets import Keys, Secrets, text_key

Algorithm = Literal["sha256", "sha384", "sha512"]
Encoding = Literal["hex", "base64"]

MIN_SECRET_CHARACTERS = 16
TIMESTAMP, BODY = "{timestamp}", "{body}"
_PLACES = re.compile(r"(\{timestamp\}|\{body\})")
_DECODERS: dict[Encoding, Callable[[str, int], bytes | None]] = {"hex": decode_hex, "base64": decode_base64}


class HmacScheme(Scheme):
    """Any other HMAC in a header."""

    scheme: Literal["hmac"]
    secrets: Secrets
    header: HeaderName = Field(description="The header with the signature, in lower case.")
    algorithm: Algorithm = Field("sha256", description="The hash.")
    encoding: Encoding = Field("hex", description="How the signature is written.")
    prefix: str = Field("", max_length=32, description="What stands before it, such as `sha256=`.")
    timestamp_header: HeaderName | None = Field(None, description="A header whose seconds are signed with the body.")
    signed: str | None = Field(
        None,
        max_length=64,
        description="What is signed, such as `v0:{timestamp}:{body}`; by default `{timestamp}.{body}` where there is "
        "a timestamp header, else `{body}`.",
    )
    tolerance_seconds: Tolerance = 300

    @model_validator(mode="after")
    def _signs_the_whole(self) -> Self:
        signed = self._signed_or_default
        if signed.count(BODY) != 1 or signed.count(TIMESTAMP) != (self.timestamp_header is not None):
            message = "`signed` must have `{body}` once, and `{timestamp}` once if there is a `timestamp_header`"
            raise ValueError(message)
        return self

    @property
    def _signed_or_default(self) -> str:
        return self.signed or (BODY if self.timestamp_header is None else f"{TIMESTAMP}.{BODY}")

    def verifier(self) -> Verifier:
        """As configured."""
        return GenericHmac(
            Keys(self.secrets, text_key(MIN_SECRET_CHARACTERS)),
            header=self.header,
            algorithm=self.algorithm,
            encoding=self.encoding,
            prefix=self.prefix,
            timestamp_header=self.timestamp_header,
            signed=self._signed_or_default,
            tolerance_seconds=self.tolerance_seconds,
        )

    def proofs(self) -> frozenset[str]:
        """The signature."""
        return frozenset({self.header})


class GenericHmac:
    """Verifies an HMAC of `signed`, in which `{timestamp}` and `{body}` stand for those of the request."""

    def __init__(
        self,
        keys: Keys,
        *,
        header: str,
        algorithm: Algorithm,
        encoding: Encoding,
        prefix: str,
        timestamp_header: str | None = None,
        signed: str = BODY,
        tolerance_seconds: int = 300,
    ) -> None:
        self._keys = keys
        self._header = header
        self._algorithm = algorithm
        self._decode = _DECODERS[encoding]
        self._prefix = prefix
        self._length = hashlib.new(algorithm).digest_size
        self._timestamp_header = timestamp_header
        self._signed = tuple(part for part in _PLACES.split(signed) if part)
        self._tolerance_seconds = tolerance_seconds

    def verify(self, request: Request) -> None:
        """Return if the signature matches. Raises ConnectorError (AUTH_FAILED, INPUT_INVALID), whatever the bytes."""
        text = single(request, self._header, Reason.SIGNATURE_MISSING)
        if not text.startswith(self._prefix):
            raise ConnectorError(Reason.SCHEME_NOT_ALLOWED, f"The signature does not begin with {self._prefix!r}.")
        signature = self._decode(text[len(self._prefix) :], self._length)
        if signature is None:
            raise ConnectorError(Reason.SIGNATURE_MALFORMED, "The signature header cannot be read.")
        signed = self._signed_bytes(request)
        for key in self._keys.current(request.received_at):
            if hmac.compare_digest(hmac.digest(key, signed, self._algorithm), signature):
                return
        raise ConnectorError(Reason.SIGNATURE_MISMATCH, "The signature does not match.")

    def _signed_bytes(self, request: Request) -> bytes:
        if self._timestamp_header is None and self._signed == (BODY,):
            return request.body
        places = {BODY: request.body}
        if self._timestamp_header is not None:
            sent_at = single(request, self._timestamp_header, Reason.TIMESTAMP_MISSING)
            check_window(timestamp(sent_at), request.received_at, self._tolerance_seconds)
            places[TIMESTAMP] = sent_at.encode()
        return b"".join([places[part] if part in places else part.encode() for part in self._signed])
