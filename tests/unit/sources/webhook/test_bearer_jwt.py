"""Tokens count only with a signature by a known key, and with the claims that the endpoint asks for."""

import base64
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from router.api import ConnectorError, Reason, RefreshedReceiver, Request
from tests.unit.sources.webhook.opening import only, opened, reason, refuses_settings, sent
from tests.unit.sources.webhook.serving import Origin
from tests.unit.sources.webhook.signing import NOW

RSA, OTHER_RSA = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 2048)
EC, ED = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
CLAIMS = {"iss": "https://issuer.example", "aud": "us", "exp": NOW + 60, "sub": "shop"}
SETTINGS = {"scheme": "bearer_jwt", "issuer": "https://issuer.example", "audience": "us"}


def jwk(private: Any, name: str, **more: Any) -> dict[str, Any]:
    kind: dict[type, Any] = {rsa.RSAPrivateKey: RSAAlgorithm, ec.EllipticCurvePrivateKey: ECAlgorithm}
    algorithm = next((found for key, found in kind.items() if isinstance(private, key)), OKPAlgorithm)
    return {**algorithm.to_jwk(private.public_key(), as_dict=True), "kid": name, **more}


KEYS = [jwk(RSA, "r"), jwk(EC, "e"), jwk(ED, "d")]
RECEIVER = opened({**SETTINGS, "algorithms": ["RS256", "ES256", "EdDSA", "PS256"], "keys": KEYS})


def token(
    key: Any = RSA, algorithm: str = "RS256", kid: str | None = "r", head: dict[str, Any] | None = None, **claims: Any
) -> str:
    named = {} if kid is None else {"kid": kid}
    payload = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return jwt.encode(payload, key, algorithm, headers={**named, **(head or {})})


def bearing(text: str, at: float = NOW) -> Request:
    return sent((("authorization", f"Bearer {text}"),), at=at)


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"), [(RSA, "RS256", "r"), (RSA, "PS256", "r"), (EC, "ES256", "e"), (ED, "EdDSA", "d")]
)
def test_a_token_of_a_known_key_is_accepted_and_no_record_has_it(key: Any, algorithm: str, kid: str) -> None:
    assert only(RECEIVER, bearing(token(key, algorithm, kid))).headers == {}


def unsigned(head: dict[str, Any], claims: Any = CLAIMS, signature: bytes = b"") -> str:
    parts = [json.dumps(head).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE"])
def test_a_token_without_a_signature_is_refused(algorithm: str) -> None:
    assert reason(RECEIVER, bearing(unsigned({"alg": algorithm, "kid": "r"}))) is Reason.SIGNATURE_MALFORMED
    assert (
        reason(RECEIVER, bearing(unsigned({"alg": algorithm, "kid": "r"}, signature=b"x"))) is Reason.SCHEME_NOT_ALLOWED
    )


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_public_key_is_no_secret_to_sign_with(encoding: Encoding) -> None:
    public = RSA.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    head = {"alg": "HS256", "typ": "JWT", "kid": "r"}
    signed = unsigned(head).rstrip(".")
    digest = base64.urlsafe_b64encode(hmac.digest(public, signed.encode(), "sha256")).rstrip(b"=").decode()

    assert reason(RECEIVER, bearing(f"{signed}.{digest}")) is Reason.SCHEME_NOT_ALLOWED


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (token(OTHER_RSA), Reason.SIGNATURE_MISMATCH),
        (token()[:-6] + "AAAAAA", Reason.SIGNATURE_MISMATCH),
        (token(kid="e"), Reason.SCHEME_NOT_ALLOWED),
        (token(kid="x"), Reason.KEY_UNKNOWN),
        (token(kid=""), Reason.KEY_UNKNOWN),
        (token(algorithm="RS512"), Reason.SCHEME_NOT_ALLOWED),
        (token(head={"crit": ["x"], "x": 1}), Reason.SIGNATURE_MALFORMED),
        (
            token(head={"jku": "https://evil.example", "jwk": jwk(OTHER_RSA, "r")}, key=OTHER_RSA),
            Reason.SIGNATURE_MISMATCH,
        ),
        (token() + "=", Reason.SIGNATURE_MALFORMED),
        (token() + ".x", Reason.SIGNATURE_MALFORMED),
        ("é.é.é", Reason.SIGNATURE_MALFORMED),
        ("a.b.c", Reason.SIGNATURE_MALFORMED),
        ("A" * 9000, Reason.SIGNATURE_MALFORMED),
        ("", Reason.SIGNATURE_MALFORMED),
        (unsigned({"alg": ["RS256"]}, signature=b"x"), Reason.SIGNATURE_MALFORMED),
        (unsigned({"alg": "RS256", "kid": 1}, signature=b"x"), Reason.SIGNATURE_MALFORMED),
        (token(iss="https://evil.example"), Reason.CLAIM_NOT_ALLOWED),
        (token(iss=None), Reason.CLAIM_NOT_ALLOWED),
        (token(aud="them"), Reason.CLAIM_NOT_ALLOWED),
        (token(aud=None), Reason.CLAIM_NOT_ALLOWED),
        (token(aud=["them", "others"]), Reason.CLAIM_NOT_ALLOWED),
        (token(exp=None), Reason.TIMESTAMP_MISSING),
        (token(exp=True), Reason.TIMESTAMP_MALFORMED),
        (token(nbf="soon"), Reason.TIMESTAMP_MALFORMED),
    ],
)
def test_any_other_token_is_refused_with_its_reason(given: str, expected: Reason) -> None:
    assert reason(RECEIVER, bearing(given)) is expected


def test_an_audience_may_be_one_of_several() -> None:
    assert only(RECEIVER, bearing(token(aud=["them", "us"]))).data == b"{}"


def test_other_authorizations_are_refused() -> None:
    assert reason(RECEIVER, sent()) is Reason.SIGNATURE_MISSING
    assert reason(RECEIVER, sent((("authorization", f"Basic {token()}"),))) is Reason.SCHEME_NOT_ALLOWED
    assert reason(RECEIVER, sent((("authorization", f"Bearer {token()}"),) * 2)) is Reason.DUPLICATE_HEADER


def test_a_token_ends_and_begins_with_the_leeway() -> None:
    begins_later = token(nbf=NOW + 60, exp=NOW + 600)

    assert only(RECEIVER, bearing(token(exp=NOW), at=NOW + 59)).data == b"{}"
    assert reason(RECEIVER, bearing(token(exp=NOW), at=NOW + 60)) is Reason.TIMESTAMP_OUT_OF_WINDOW
    assert only(RECEIVER, bearing(begins_later)).data == b"{}"
    assert reason(RECEIVER, bearing(begins_later, at=NOW - 1)) is Reason.TIMESTAMP_OUT_OF_WINDOW


def test_more_claims_can_be_asked_for() -> None:
    receiver = opened({**SETTINGS, "algorithms": ["RS256"], "keys": KEYS, "claims": {"email": "a@b.example"}})

    assert only(receiver, bearing(token(email="a@b.example"))).data == b"{}"
    assert reason(receiver, bearing(token(email="c@b.example"))) is Reason.CLAIM_NOT_ALLOWED
    assert reason(receiver, bearing(token())) is Reason.CLAIM_NOT_ALLOWED


def test_a_token_without_a_key_id_needs_a_single_suitable_key() -> None:
    assert only(RECEIVER, bearing(token(kid=None))).data == b"{}"
    both = opened({**SETTINGS, "algorithms": ["RS256"], "keys": [jwk(RSA, "r"), jwk(OTHER_RSA, "o")]})
    assert reason(both, bearing(token(kid=None))) is Reason.SCHEME_NOT_ALLOWED


@pytest.mark.parametrize(
    "more",
    [
        {"algorithms": ["RS256"]},
        {"algorithms": [], "keys": KEYS},
        {"algorithms": ["none"], "keys": KEYS},
        {"algorithms": ["HS256"], "keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
        {"algorithms": ["RS256"], "keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
        {"algorithms": ["RS256"], "keys": [{**RSAAlgorithm.to_jwk(RSA, as_dict=True)}]},
        {"algorithms": ["RS256"], "keys": [jwk(RSA, "r", use="enc")]},
        {"algorithms": ["RS256"], "keys": [{"kty": "RSA", "n": "x", "e": "AQAB"}, 5]},
        {"algorithms": ["RS256"], "keys": KEYS, "jwks_url": "https://issuer.example/jwks"},
        {"algorithms": ["RS256"], "jwks_url": "http://issuer.example/jwks"},
        {"algorithms": ["RS256"], "jwks_url": "file:///etc/passwd"},
        {"algorithms": ["RS256"], "jwks_url": "https://good@evil.example/jwks"},
        {"algorithms": ["RS256"], "jwks_url": "https://evil.example/jwks\r\nx: y"},
        {"algorithms": ["RS256"], "jwks_url": ""},
    ],
)
def test_settings_that_would_verify_nothing_are_refused(more: dict[str, Any]) -> None:
    assert refuses_settings({**SETTINGS, **more})


def fetching(port: int) -> RefreshedReceiver:
    receiver = opened({**SETTINGS, "algorithms": ["RS256"], "jwks_url": f"http://127.0.0.1:{port}/jwks"})
    assert isinstance(receiver, RefreshedReceiver)
    return receiver


def jwks(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "s"}, *keys]}).encode()


def current(key: Any = RSA, kid: str = "r") -> Request:
    return bearing(token(key, kid=kid, exp=time.time() + 600), at=time.time())


async def test_until_the_keys_are_fetched_every_token_is_refused() -> None:
    async with Origin().running() as origin:
        origin.body = jwks(jwk(RSA, "r"))
        receiver = fetching(origin.port)

        assert receiver.refresh_due(time.time())
        assert reason(receiver, current()) is Reason.KEY_UNKNOWN
        assert origin.paths == []
        await receiver.refresh()

        assert receiver.receive(current())
        assert not receiver.refresh_due(time.time())


async def test_a_new_key_is_fetched_once_a_token_names_it_but_not_all_the_time() -> None:
    async with Origin().running() as origin:
        origin.body = jwks(jwk(RSA, "r"))
        receiver = fetching(origin.port)
        await receiver.refresh()
        origin.body = jwks(jwk(OTHER_RSA, "new"))

        assert reason(receiver, current(OTHER_RSA, "new")) is Reason.KEY_UNKNOWN
        assert not receiver.refresh_due(time.time() + 9)
        assert receiver.refresh_due(time.time() + 10)
        await receiver.refresh()

        assert receiver.receive(current(OTHER_RSA, "new"))
        assert reason(receiver, current()) is Reason.KEY_UNKNOWN
        assert len(origin.paths) == 2


async def test_with_the_server_away_tokens_are_refused_and_what_was_fetched_ends() -> None:
    async with Origin().running() as origin:
        origin.body = jwks(jwk(RSA, "r"))
        known, never = fetching(origin.port), fetching(origin.port)
        await known.refresh()
    for receiver in (known, never):
        with pytest.raises(ConnectorError) as raised:
            await receiver.refresh()
        assert raised.value.reason is Reason.TARGET_UNREACHABLE

    tomorrow = time.time() + 86_401
    assert known.receive(current())
    assert reason(never, current()) is Reason.KEY_UNKNOWN
    assert reason(known, bearing(token(exp=tomorrow + 60), at=tomorrow)) is Reason.KEY_UNKNOWN
    assert known.refresh_due(tomorrow)


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (500, jwks(jwk(RSA, "r")), {}),
        (302, jwks(jwk(RSA, "r")), {"location": "/elsewhere"}),
        (200, b"<html>", {}),
        (200, b'{"keys": []}', {}),
        (200, jwks(), {}),
        (200, json.dumps({"keys": [jwk(RSA, "r")] * 101}).encode(), {}),
        (200, b" " * 600_000, {}),
    ],
)
async def test_an_answer_that_is_no_set_of_keys_gives_none(status: int, body: bytes, headers: dict[str, str]) -> None:
    async with Origin().running() as origin:
        origin.status, origin.body, origin.headers = status, body, headers
        receiver = fetching(origin.port)

        with pytest.raises(ConnectorError):
            await receiver.refresh()

        assert origin.paths == ["/jwks"]
        assert reason(receiver, current()) is Reason.KEY_UNKNOWN
