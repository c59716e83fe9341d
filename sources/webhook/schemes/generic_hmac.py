"""An HMAC in a header, with everything about it configurable: https://datatracker.ietf.org/doc/html/rfc2104."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from typing import Literal, Self

from pydantic import Field, model_validator

from router.api import ConnectorError, Reason, Request, Sending
from sources.webhook.encoding import (
    MAX_SIGNATURES,
    decode_base64,
    decode_base64url,
    decode_base64url_unpadded,
    decode_hex,
    single,
)
from sources.webhook.scheme import HeaderName, Scheme, Tolerance, Verifier
from sources.webhook.secrets import Derive, Keys, Secrets, text_key
from sources.webhook.sending import Headers, request_of
from sources.webhook.template import Template

Algorithm = Literal["sha1", "sha256", "sha384", "sha512"]
Encoding = Literal["hex", "base64", "base64url", "base64url_unpadded"]
SecretEncoding = Literal["text", "hex", "base64"]

MIN_SECRET_LENGTH = 16
BODY = "{body}"
_DECODERS: dict[Encoding, Callable[[str, int], bytes | None]] = {
    "hex": decode_hex,
    "base64": decode_base64,
    "base64url": decode_base64url,
    "base64url_unpadded": decode_base64url_unpadded,
}
_ENCODERS: dict[Encoding, Callable[[bytes], str]] = {
    "hex": bytes.hex,
    "base64": lambda signature: base64.b64encode(signature).decode(),
    "base64url": lambda signature: base64.urlsafe_b64encode(signature).decode(),
    "base64url_unpadded": lambda signature: base64.urlsafe_b64encode(signature).decode().rstrip("="),
}


class HmacScheme(Scheme):
    """Any other HMAC in a header."""

    scheme: Literal["hmac"]
    secrets: Secrets
    secret_encoding: SecretEncoding = Field("text", description="How the key is written in the secret.")
    header: HeaderName = Field(description="The header with the signature, in lower case.")
    algorithm: Algorithm = Field(
        "sha256", description="The hash; `sha1` only for senders that know nothing better, since it is outdated."
    )
    encoding: Encoding = Field("hex", description="How the signature is written.")
    prefix: str = Field("", max_length=32, description="What stands before it, such as `sha256=`.")
    separator: str | None = Field(
        None, pattern=r"^[,;| ]{1,2}$", description="What stands between signatures, where the header may have several."
    )
    timestamp_header: HeaderName | None = Field(None, description="A header whose seconds are signed with the body.")
    id_header: HeaderName | None = Field(None, description="A header whose id is signed with the body.")
    signed: str | None = Field(
        None,
        max_length=256,
        description="What is signed, such as `v0:{timestamp}:{body}`, with `{timestamp}`, `{id}`, `{body}`, `{url}`, "
        "`{method}` and `{header:name}`; by default those of id and timestamp that have a header, and the body, with "
        "dots between.",
    )
    tolerance_seconds: Tolerance = 300

    @model_validator(mode="after")
    def _signs_the_whole(self) -> Self:
        try:
            self._template()
        except ValueError as error:
            message = f"`signed` {error}"
            raise ValueError(message) from None
        return self

    def _template(self) -> Template:
        places = ["{id}"] * (self.id_header is not None) + ["{timestamp}"] * (self.timestamp_header is not None)
        return Template(
            self.signed or ".".join([*places, BODY]),
            timestamp_header=self.timestamp_header,
            id_header=self.id_header,
            tolerance_seconds=self.tolerance_seconds,
        )

    def verifier(self) -> Verifier:
        """As configured."""
        return self._hmac()

    def _hmac(self) -> "GenericHmac":
        return GenericHmac(
            Keys(self.secrets, _derive(self.secret_encoding)),
            header=self.header,
            algorithm=self.algorithm,
            encoding=self.encoding,
            prefix=self.prefix,
            separator=self.separator,
            signed=self._template(),
        )

    def sign(self, sending: Sending) -> Headers:
        """As `signed` says. Raises ConnectorError (USAGE) if that has headers which only the sender knows."""
        if "{header:" in (self.signed or ""):
            return super().sign(sending)
        times = () if self.timestamp_header is None else ((self.timestamp_header, str(sending.sent_at)),)
        ids = () if self.id_header is None else ((self.id_header, sending.id),)
        return self._hmac().sign(sending, (*times, *ids))

    def proofs(self) -> frozenset[str]:
        """The signature."""
        return frozenset({self.header})


class GenericHmac:
    """Verifies an HMAC of what a template makes of the request."""

    def __init__(
        self,
        keys: Keys,
        *,
        header: str,
        algorithm: Algorithm,
        encoding: Encoding,
        prefix: str,
        separator: str | None = None,
        signed: Template | None = None,
    ) -> None:
        """signed: the body alone if it is None."""
        self._keys = keys
        self._header = header
        self._algorithm = algorithm
        self._encoding = encoding
        self._prefix = prefix
        self._separator = separator
        self._length = hashlib.new(algorithm).digest_size
        self._signed = signed or Template(BODY)

    def verify(self, request: Request) -> None:
        """Return if a signature matches. Raises ConnectorError (AUTH_FAILED, INPUT_INVALID), whatever the bytes."""
        signatures = self._signatures(single(request, self._header, Reason.SIGNATURE_MISSING))
        signed = self._signed.fill(request)
        for key in self._keys.current(request.received_at):
            expected = hmac.digest(key, signed, self._algorithm)
            # All are compared, so that the time does not tell which one matched.
            if sum([hmac.compare_digest(expected, signature) for signature in signatures]):
                return
        raise ConnectorError(Reason.SIGNATURE_MISMATCH, "The signature does not match.")

    def sign(self, sending: Sending, headers: Headers = ()) -> Headers:
        """The headers, and the one with the signature, by the first secret. Raises ConnectorError, as `verify` does."""
        signed = self._signed.fill(request_of(sending, headers))
        signature = hmac.digest(self._keys.first(sending.sent_at), signed, self._algorithm)
        return (*headers, (self._header, self._prefix + _ENCODERS[self._encoding](signature)))

    def _signatures(self, text: str) -> list[bytes]:
        parts = [text] if self._separator is None else text.split(self._separator)
        if len(parts) > MAX_SIGNATURES:
            raise ConnectorError(Reason.TOO_MANY_SIGNATURES, f"More than {MAX_SIGNATURES} signatures.")
        ours = [part[len(self._prefix) :] for part in parts if part.startswith(self._prefix)]
        if not ours:
            raise ConnectorError(Reason.SCHEME_NOT_ALLOWED, f"The signature does not begin with {self._prefix!r}.")
        decoded = [_DECODERS[self._encoding](part, self._length) for part in ours]
        signatures = [signature for signature in decoded if signature is not None]
        if not signatures:
            raise ConnectorError(Reason.SIGNATURE_MALFORMED, "The signature header cannot be read.")
        return signatures


def _derive(encoding: SecretEncoding) -> Derive:
    """The derivation of keys that are written in some way."""
    if encoding == "text":
        return text_key(MIN_SECRET_LENGTH)

    def derive(secret: str) -> bytes:
        try:
            key = bytes.fromhex(secret) if encoding == "hex" else base64.b64decode(secret, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) < MIN_SECRET_LENGTH:
            message = f"the secret is not the {encoding} of at least {MIN_SECRET_LENGTH} bytes."
            raise ConnectorError(Reason.SECRET_UNUSABLE, message, fix="See `secret_encoding`.")
        return key

    return derive
