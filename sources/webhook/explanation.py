"""Why a request's signature is refused: each step of the verification, and the usual mistakes tried one by one.

What would have been the right signature is never told: for a stranger's body that would be a forgery.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from router.api import ConnectorError, Finding, Peer, Reason, Request, Secret
from sources.webhook.config import WebhookConfig
from sources.webhook.scheme import Scheme
from sources.webhook.secrets import ExpiringSecret

_SIGNED_BY = {
    "webhook-signature": "standard_webhooks",
    "svix-signature": "svix",
    "x-hub-signature-256": "github or meta",
    "x-hub-signature": "bitbucket",
    "x-gitlab-token": "gitlab",
    "stripe-signature": "stripe",
    "x-slack-signature": "slack",
    "x-shopify-hmac-sha256": "shopify",
    "x-twilio-signature": "twilio",
    "x-twilio-email-event-webhook-signature": "sendgrid",
    "x-hubspot-signature-v3": "hubspot",
    "paypal-transmission-sig": "paypal",
}
_MOMENT = re.compile(r"(?<!\d)(\d{13}|\d{10})(?!\d)")
_MILLISECONDS = 13
_MAX_BODY_BYTES = 10_000_000


class _Attempt(NamedTuple):
    """The request as it may have been meant. mistake: what is wrong then. fix: what to do about it."""

    mistake: str
    fix: str
    scheme: Scheme
    request: Request


def explain(config: WebhookConfig, request: Request) -> Sequence[Finding]:
    """The steps of the verification, and what is wrong. Raises ConnectorError if a secret cannot be used."""
    scheme = config.verify
    findings = [*_proofs(scheme, request), *_length(request)]
    error = _refusal(scheme, request)
    if error is None:
        return [*findings, *_matching(scheme, request), Finding("verdict", True, "The request is accepted.")]
    findings.append(Finding("verification", False, f"{error.reason}: {error.message}", error.fix))
    return [*findings, _verdict(scheme, request, error)]


def _proofs(scheme: Scheme, request: Request) -> Iterator[Finding]:
    """Each header that the scheme reads, and those of other schemes where all of its own are missing."""
    own = sorted(scheme.proofs())
    for name in own:
        count = len(request.values(name))
        told = {0: "is missing", 1: "is there"}.get(count, f"occurs {count} times")
        yield Finding(f"header {name}", None if count == 0 else count == 1, f"It {told}.")
    if any(request.values(name) for name in own):
        return
    for name, whose in _SIGNED_BY.items():
        if name not in own and request.values(name):
            fix = "Set `verify.scheme` to the scheme of the sender."
            yield Finding(f"header {name}", False, f"The request is signed as by {whose}.", fix)


def _length(request: Request) -> Iterator[Finding]:
    lengths = request.values("content-length")
    if len(lengths) == 1 and lengths[0].isdigit() and int(lengths[0]) != len(request.body):
        detail = f"The header content-length says {lengths[0]} bytes, and the captured body has {len(request.body)}."
        yield Finding("body", False, detail, "Capture the body byte by byte; editors add a line end, shells drop one.")


def _matching(scheme: Scheme, request: Request) -> Iterator[Finding]:
    """Which of several secrets it is."""
    secrets = _secrets(scheme)
    for secret in secrets if len(secrets) > 1 else ():
        matches = _refusal(scheme.model_copy(update={"secrets": (secret,)}), request) is None
        yield Finding(f"secret {secret.reference}", True if matches else None, "Matches." if matches else "Does not.")


def _verdict(scheme: Scheme, request: Request, error: ConnectorError) -> Finding:
    for moment in (request.received_at, *_moments(request)):
        then = _with(request, received_at=moment)
        for attempt in _attempts(scheme, then):
            if _refusal(attempt.scheme, attempt.request) is None:
                late = round(request.received_at - moment)
                clock = f" Its timestamp is {abs(late)} seconds {'old' if late > 0 else 'ahead'}." if late else ""
                return Finding("verdict", False, f"{attempt.mistake}{clock}", attempt.fix)
    if error.reason is not Reason.SIGNATURE_MISMATCH:
        return Finding("verdict", False, "What the verification says is all that is known.", error.fix)
    return Finding(
        "verdict",
        False,
        "None of the usual mistakes explains it: the secret is another one, or the request was changed on its way.",
        "Compare the secret with the sender's, and look for a proxy that rewrites bodies or URLs.",
    )


def _attempts(scheme: Scheme, request: Request) -> Iterator[_Attempt]:
    resend = "Send it again within the tolerance, and compare the clocks of both sides."
    yield _Attempt("The signature is right.", resend, scheme, request)
    for mistake, body in _bodies(request.body):
        fix = "Sign and send the same bytes: take them as they are on the wire, before anything parses them."
        yield _Attempt(f"It would match {mistake}.", fix, scheme, _with(request, body=body))
    for mistake, changed in _urls(request):
        fix = "Configure the URL that the sender uses, or have trusted proxies forward it."
        yield _Attempt(f"It would match {mistake}.", fix, scheme, changed)
    for secret in _secrets(scheme):
        for mistake, text in _texts(secret.reveal()):
            variant = Secret(secret.reference, partial(_given, text))
            fix = f"Store the secret {secret.reference} as the sender shows it."
            changed_scheme = scheme.model_copy(update={"secrets": (variant,)})
            yield _Attempt(f"It would match if {secret.reference} were {mistake}.", fix, changed_scheme, request)


def _bodies(body: bytes) -> Iterator[tuple[str, bytes]]:
    for end, name in ((b"\r\n", "CR LF"), (b"\n", "line end")):
        if body.endswith(end):
            yield f"without the {name} at the end of the body", body.removesuffix(end)
        yield f"with a {name} at the end of the body", body + end
    yield "with LF for each CR LF", body.replace(b"\r\n", b"\n")
    yield "with CR LF for each LF", body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if body.startswith(b"\x1f\x8b"):
        try:
            yield "the decompressed body", zlib.decompressobj(31).decompress(body, _MAX_BODY_BYTES)
        except zlib.error:
            return
    yield "the compressed body", gzip.compress(body, mtime=0)
    yield from _rewritten(body)


def _rewritten(body: bytes) -> Iterator[tuple[str, bytes]]:
    """JSON that something has read and written again."""
    try:
        document = json.loads(body)
        for how, options in (
            ("without spaces", {"separators": (",", ":")}),
            ("with spaces", {}),
            ("indented by 2", {"indent": 2}),
            ("indented by 4", {"indent": 4}),
        ):
            for ordered in (False, True):
                for ascii_only in (True, False):
                    text = json.dumps(document, ensure_ascii=ascii_only, sort_keys=ordered, **options)
                    yield f"the same JSON written {how}{', sorted' if ordered else ''}", text.encode()
    except (ValueError, RecursionError, TypeError):
        return


def _urls(request: Request) -> Iterator[tuple[str, Request]]:
    peer = request.peer
    authority = peer.authority or "".join(request.values("host")[:1])
    host = authority.rpartition(":")[0] if re.search(r":\d+$", authority) else authority
    for scheme in ("https", "http"):
        for name in dict.fromkeys((authority, host, f"{host}:443", f"{host}:80")):
            if (scheme, name) != (peer.scheme, authority):
                shown = f"the URL {scheme}://{name}{request.path}"
                yield shown, _with(request, peer=Peer(peer.address, scheme, name, peer.certificate))
    if request.query:
        yield "the URL without its query", _with(request, query="")


def _texts(text: str) -> Iterator[tuple[str, str]]:
    if text != text.strip():
        yield "without the spaces or line end around it", text.strip()
    yield "without `whsec_`", text.removeprefix("whsec_")
    yield "with `whsec_` before it", f"whsec_{text}"


def _moments(request: Request) -> list[float]:
    """The times that stand in headers, as seconds: the scheme's timestamp is one of them."""
    found = [int(digits) for _, value in request.headers for digits in _MOMENT.findall(value)]
    return [float(n // 1000 if len(str(n)) == _MILLISECONDS else n) for n in found][:10]


def _secrets(scheme: Scheme) -> list[Secret]:
    given: Sequence[Secret | ExpiringSecret] = getattr(scheme, "secrets", ())
    return [one.secret if isinstance(one, ExpiringSecret) else one for one in given]


def _given(text: str, _reference: str) -> str:
    return text


def _refusal(scheme: Scheme, request: Request) -> ConnectorError | None:
    try:
        scheme.verifier().verify(request)
    except ConnectorError as error:
        return error
    return None


def _with(
    request: Request,
    *,
    body: bytes | None = None,
    received_at: float | None = None,
    query: str | None = None,
    peer: Peer | None = None,
) -> Request:
    return Request(
        request.method,
        request.path,
        request.headers,
        request.body if body is None else body,
        request.received_at if received_at is None else received_at,
        request.query if query is None else query,
        request.peer if peer is None else peer,
    )
