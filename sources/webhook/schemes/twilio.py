"""Twilio's signatures: HMAC-SHA1 of the URL with the form's fields, or with a digest of the body in it.

https://www.twilio.com/docs/usage/security#validating-requests
There is no timestamp: a repeated delivery is recognized by its token alone.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from router.api import ConnectorError, Reason, Request, Sending
from sources.webhook.attributes import Attributes, body, expression, form, header
from sources.webhook.encoding import decode_base64, decode_hex, single
from sources.webhook.form import fields, is_form
from sources.webhook.scheme import Scheme, Verifier
from sources.webhook.secrets import Keys, Secrets, text_key
from sources.webhook.sending import Headers, request_of

SIGNATURE = "x-twilio-signature"
_TOKEN = "i-twilio-idempotency-token"  # noqa: S105  a name, no secret
_BODY_DIGEST = b"bodySHA256"
_MIN_SECRET_CHARACTERS = 4
_SHA1_BYTES, _SHA256_BYTES = 20, 32
_DEFAULT_PORTS = {"https": 443, "http": 80}


def _public(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _DEFAULT_PORTS and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or "?" in url or "#" in url or not url.isascii() or not url.isprintable():
        message = "must be the address that Twilio has, such as https://example.com/hooks/sms, without a query"
        raise ValueError(message)
    return url


class TwilioScheme(Scheme):
    """Twilio (`X-Twilio-Signature`)."""

    scheme: Literal["twilio"]
    secrets: Secrets
    url: Annotated[str, AfterValidator(_public)] | None = Field(
        None,
        max_length=2048,
        description="The address that Twilio has, without a query, where it is not the one that requests arrive with.",
    )

    # Without its token a message's state is one event, and a call's where Twilio numbers them; what else is said
    # during a call is told apart by the whole body, since a caller may press the same key twice.
    attributes: ClassVar = Attributes(
        id=header(_TOKEN)
        + expression(
            "join('.', [form.MessageSid, form.MessageStatus || form.SmsStatus])",
            "join('.', [form.CallSid, form.CallStatus, form.SequenceNumber])",
        ),
        type=expression(
            "(form.MessageStatus || form.SmsStatus) && join('.', ['message', form.MessageStatus || form.SmsStatus])"
            " || form.CallStatus && join('.', ['call', form.CallStatus])"
        )
        + body("type", "0.type"),
        subject=form("MessageSid", "CallSid"),
    )

    def verifier(self) -> Verifier:
        """With the account's auth token as secret."""
        return TwilioVerifier(self._keys(), self.url)

    def sign(self, sending: Sending) -> Headers:
        """As Twilio sends. Raises ConnectorError (USAGE) if the URL lacks the digest of a body that is no form."""
        request = request_of(sending)
        try:
            signed = _signed(self._url(sending), request)
        except ConnectorError as error:
            digest = hashlib.sha256(sending.body).hexdigest()
            fix = f"Add {_BODY_DIGEST.decode()}={digest} to the query of the URL."
            raise ConnectorError(Reason.USAGE, error.message, fix=fix) from None
        signature = hmac.digest(self._keys().first(sending.sent_at), signed, "sha1")
        return ((_TOKEN, sending.id), (SIGNATURE, base64.b64encode(signature).decode()))

    def proofs(self) -> frozenset[str]:
        """The signature."""
        return frozenset({SIGNATURE})

    def _keys(self) -> Keys:
        return Keys(self.secrets, text_key(_MIN_SECRET_CHARACTERS))

    def _url(self, sending: Sending) -> str:
        query = urlsplit(sending.url).query
        return sending.url if self.url is None else f"{self.url}{'?' if query else ''}{query}"


class TwilioVerifier:
    """Verifies the URL and what it comes with. url: the public one, if it is not the request's."""

    def __init__(self, keys: Keys, url: str | None) -> None:
        self._keys = keys
        self._url = url

    def verify(self, request: Request) -> None:
        """Return if the signature matches. Raises ConnectorError (AUTH_FAILED, INPUT_INVALID), whatever the bytes."""
        signature = decode_base64(single(request, SIGNATURE, Reason.SIGNATURE_MISSING), _SHA1_BYTES)
        if signature is None:
            raise ConnectorError(Reason.SIGNATURE_MALFORMED, f"The signature is not base64 of {_SHA1_BYTES} bytes.")
        query = f"?{request.query}" if request.query else ""
        url = request.url if self._url is None else self._url + query
        candidates = [_signed(one, request) for one in _spellings(url)]
        for key in self._keys.current(request.received_at):
            matches = [hmac.compare_digest(hmac.digest(key, one, "sha1"), signature) for one in candidates]
            if any(matches):
                return
        raise ConnectorError(Reason.SIGNATURE_MISMATCH, "The signature does not match the URL and the body.")


def _spellings(url: str) -> Sequence[str]:
    """The URL with its port and without, and with quotes encoded or not: Twilio's products do not agree on them."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    host, colon, port = authority.rpartition(":")
    if not (colon and port.isascii() and port.isdigit()):
        host, port = authority, str(_DEFAULT_PORTS.get(scheme, 443))
    found = (f"{scheme}://{host}{slash}{path}", f"{scheme}://{host}:{port}{slash}{path}")
    others = [_with_other_quotes(one) for one in found]
    return found if others[0] == found[0] else (*found, *others)


def _with_other_quotes(url: str) -> str:
    address, mark, query = url.partition("?")
    return address + mark + (query.replace("'", "%27") if "'" in query else query.replace("%27", "'"))


def _signed(url: str, request: Request) -> bytes:
    """Raises ConnectorError (SIGNATURE_MISMATCH) if the body is not the one that the URL has the digest of."""
    signed = url.encode("latin-1", "backslashreplace")
    if is_form("".join(request.values("content-type")[:1])):
        return signed + _joined(request.body)
    digests = [value for name, value in fields(request.query.encode("latin-1", "replace")) if name == _BODY_DIGEST]
    if not digests and not request.body:
        return signed
    given = decode_hex(digests[0].decode("latin-1"), _SHA256_BYTES) if len(digests) == 1 else None
    if given is None:
        message = "The body is no form, and the URL has no digest of it (bodySHA256)."
        raise ConnectorError(Reason.SIGNATURE_MISMATCH, message)
    if not hmac.compare_digest(hashlib.sha256(request.body).digest(), given):
        raise ConnectorError(Reason.SIGNATURE_MISMATCH, "The body is not the one that the URL has the digest of.")
    return signed


def _joined(body: bytes) -> bytes:
    """Names and values, sorted; of a name that occurs more than once each value once."""
    return b"".join([name + value for name, value in sorted(set(fields(body)))])
