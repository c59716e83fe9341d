"""Sets of public keys that tokens are signed with: https://datatracker.ietf.org/doc/html/rfc7517."""

import time
from collections.abc import Mapping
from math import inf
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt import PyJWK, PyJWTError

from router.api import ConnectorError, Egress, Reason
from sources.webhook.fetching import fetch
from sources.webhook.selection import parse

MAX_KEYS = 100
_MAX_BYTES = 512 * 1024
_MIN_RSA_BITS = 2048
_RENEW_SECONDS = 3_600.0
_LIFETIME_SECONDS = 86_400.0
_PAUSE_SECONDS = 10.0
_CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


class TokenKey(NamedTuple):
    """A key. name: its `kid`. algorithm: the only one that it is for, if it says so."""

    name: str | None
    algorithm: str | None
    public: PublicKey

    def suits(self, algorithm: str) -> bool:
        """Whether signatures of the algorithm can be of this key."""
        if self.algorithm not in (None, algorithm):
            return False
        if algorithm in _CURVES:
            return isinstance(self.public, ec.EllipticCurvePublicKey) and self.public.curve.name == _CURVES[algorithm]
        if algorithm == "EdDSA":
            return isinstance(self.public, ed25519.Ed25519PublicKey)
        return isinstance(self.public, rsa.RSAPublicKey) and self.public.key_size >= _MIN_RSA_BITS


def public_keys(document: Any) -> tuple[TokenKey, ...]:
    """The public signature keys of a parsed set; keys of other kinds are left out.

    Raises ValueError if it is no set, or has too many keys, or has none that is of use.
    """
    listed = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(listed, list | tuple) or len(listed) > MAX_KEYS:
        message = f"is no set of at most {MAX_KEYS} keys"
        raise ValueError(message)
    keys = tuple([key for key in map(_key, listed) if key is not None])
    if not keys:
        message = "has no public key for signatures of a kind that is supported"
        raise ValueError(message)
    return keys


def _key(jwk: Any) -> TokenKey | None:
    # A key with `d` is a private one, which has no business in a set that everybody reads.
    if not isinstance(jwk, dict) or "d" in jwk or jwk.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    name, algorithm = jwk.get("kid"), jwk.get("alg")
    if jwk.get("use", "sig") != "sig" or not isinstance(name, str | None) or not isinstance(algorithm, str | None):
        return None
    try:
        # Without `alg`, which could name an algorithm of another kind of key.
        public = PyJWK({part: value for part, value in jwk.items() if part != "alg"}).key
    except (PyJWTError, ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None
    if not isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        return None
    return TokenKey(name, algorithm, public)


class StaticKeys:
    """Keys that stand in the configuration."""

    def __init__(self, keys: tuple[TokenKey, ...]) -> None:
        self._keys = keys

    def current(self, _now: float) -> tuple[TokenKey, ...]:
        """All of them."""
        return self._keys

    def missed(self) -> None:
        """There are no others."""

    def refresh_due(self, _now: float) -> bool:
        """Never."""
        return False

    async def refresh(self) -> None:
        """Nothing to do."""


class FetchedKeys:
    """Keys that an identity provider publishes. Without them, or if they are too old, there are none."""

    def __init__(self, url: str, egress: Egress) -> None:
        self._url = url
        self._egress = egress
        self._keys: tuple[TokenKey, ...] = ()
        self._fetched_at = -inf
        self._tried_at = -inf
        self._missed = False

    def current(self, now: float) -> tuple[TokenKey, ...]:
        """The keys as they were fetched last, if that is not too long ago. now: seconds since the epoch."""
        return self._keys if now - self._fetched_at < _LIFETIME_SECONDS else ()

    def missed(self) -> None:
        """A token names a key that is not here: there may be a new one."""
        self._missed = True

    def refresh_due(self, now: float) -> bool:
        """Whether they are old, or one was missed; whoever sends nonsense cannot have them fetched all the time."""
        if now - self._tried_at < _PAUSE_SECONDS:
            return False
        return self._missed or now - self._fetched_at >= _RENEW_SECONDS

    async def refresh(self) -> None:
        """Fetch them. Raises ConnectorError (TARGET_UNREACHABLE, TARGET_TIMEOUT, PAYLOAD_TOO_LARGE, EGRESS_DENIED)."""
        self._tried_at = now = time.time()
        self._missed = False
        body = await fetch(self._url, _MAX_BYTES, self._egress)
        try:
            self._keys = public_keys(parse(body))
        except (ValueError, ConnectorError):
            message = "What the JWKS URL gives is no set of public keys."
            raise ConnectorError(Reason.TARGET_UNREACHABLE, message, fix="Look at `jwks_url`.") from None
        self._fetched_at = now
