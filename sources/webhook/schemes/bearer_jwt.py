"""Tokens in the header `Authorization` (RFC 6750), signed with a public key: https://datatracker.ietf.org/doc/html/rfc7519.

They prove who sends, and nothing about the body. Best practices: https://datatracker.ietf.org/doc/html/rfc8725.
"""

import re
from math import isfinite
from typing import Annotated, Any, Literal, Self

import jwt
from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from router.api import ConnectorError, Reason, Request
from sources.webhook.encoding import single
from sources.webhook.fetching import address
from sources.webhook.jwks import MAX_KEYS, FetchedKeys, StaticKeys, TokenKey, public_keys
from sources.webhook.scheme import Scheme, Verifier

AUTHORIZATION = "authorization"
_SCHEME = "bearer"
_MAX_TOKEN_CHARACTERS = 8_192
_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
Text = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
_UNCHECKED: Any = {f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
"""The claims are checked here, by the time at which the request arrived."""


def _is_url(url: str) -> str:
    address(url)
    return url


class BearerJwtScheme(Scheme):
    """A JWT (`Authorization: Bearer …`)."""

    scheme: Literal["bearer_jwt"]
    issuer: Text = Field(description="What `iss` must be.")
    audience: Text = Field(description="What `aud` must be, or have among others.")
    algorithms: tuple[Algorithm, ...] = Field(min_length=1, max_length=10, description="The algorithms that are taken.")
    jwks_url: Annotated[str, AfterValidator(_is_url)] | None = Field(
        None, description="Where the issuer publishes its keys: https, and within `scopes.hosts`."
    )
    keys: tuple[dict[str, Any], ...] = Field(
        (), max_length=MAX_KEYS, description="Public keys (JWK), instead of a URL."
    )
    claims: dict[Text, Text] = Field(
        {}, max_length=20, description="More claims that a token must have, such as `email`."
    )
    leeway_seconds: int = Field(60, ge=0, le=300, description="How far clocks may differ.")

    @field_validator("keys")
    @classmethod
    def _usable(cls, keys: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        if keys and len(public_keys({"keys": keys})) < len(keys):
            message = "must be public RSA, EC or Ed25519 keys for signatures"
            raise ValueError(message)
        return keys

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if bool(self.keys) == (self.jwks_url is not None):
            message = "give either `jwks_url` or `keys`"
            raise ValueError(message)
        return self

    def verifier(self) -> Verifier:
        """With the keys of the one or the other origin."""
        return JwtVerifier(self)

    def hosts(self) -> tuple[str, ...]:
        """Where the keys are fetched from."""
        return () if self.jwks_url is None else (address(self.jwks_url),)

    def proofs(self) -> frozenset[str]:
        """The token."""
        return frozenset({AUTHORIZATION})


class JwtVerifier:
    """Verifies a token's signature and claims. Without keys every token is refused."""

    def __init__(self, scheme: BearerJwtScheme) -> None:
        self._scheme = scheme
        self._keys = (
            StaticKeys(public_keys({"keys": scheme.keys}))
            if scheme.jwks_url is None
            else FetchedKeys(scheme.jwks_url, scheme.egress)
        )

    def verify(self, request: Request) -> None:
        """Return if there is a token that is good. Raises ConnectorError (AUTH_FAILED, INPUT_INVALID)."""
        token = _token(request)
        claims = self._claims(token, request.received_at)
        self._check_times(claims, request.received_at)
        audience = claims.get("aud")
        if self._scheme.audience not in (audience if isinstance(audience, list) else [audience]):
            raise ConnectorError(Reason.CLAIM_NOT_ALLOWED, "The token is for another audience.")
        for name, text in {"iss": self._scheme.issuer, **self._scheme.claims}.items():
            if claims.get(name) != text:
                raise ConnectorError(Reason.CLAIM_NOT_ALLOWED, f"The token's {name} is not the configured one.")

    def refresh_due(self, now: float) -> bool:
        """Whether keys have to be fetched. now: seconds since the epoch."""
        return self._keys.refresh_due(now)

    async def refresh(self) -> None:
        """Fetch the keys. Raises ConnectorError."""
        await self._keys.refresh()

    def _claims(self, token: str, now: float) -> dict[str, Any]:
        """The claims, whose signature is verified."""
        algorithm, name = _head(token)
        if algorithm not in self._scheme.algorithms:
            raise ConnectorError(Reason.SCHEME_NOT_ALLOWED, "The token's algorithm is not one of the configured ones.")
        key = self._key(algorithm, name, now)
        try:
            claims = jwt.decode(token, key.public, algorithms=[algorithm], options=_UNCHECKED)
        except jwt.InvalidSignatureError:
            raise ConnectorError(Reason.SIGNATURE_MISMATCH, "The token's signature does not match.") from None
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise ConnectorError(Reason.SIGNATURE_MALFORMED, "The token cannot be read.") from None
        return claims

    def _key(self, algorithm: str, name: str | None, now: float) -> TokenKey:
        """The key that the token names, or the only one."""
        keys = self._keys.current(now)
        found = [key for key in keys if key.name == name] if name is not None else list(keys)
        if not found:
            self._keys.missed()
            raise ConnectorError(Reason.KEY_UNKNOWN, "The token's key is not known.")
        suitable = [key for key in found if key.suits(algorithm)]
        if len(suitable) != 1:
            raise ConnectorError(Reason.SCHEME_NOT_ALLOWED, "There is not exactly one key for the token's algorithm.")
        return suitable[0]

    def _check_times(self, claims: dict[str, Any], now: float) -> None:
        end, start = _seconds(claims, "exp"), _seconds(claims, "nbf")
        if end is None:
            raise ConnectorError(Reason.TIMESTAMP_MISSING, "The token has no end (exp).")
        leeway = self._scheme.leeway_seconds
        if int(now) - leeway >= end or (start is not None and int(now) + leeway < start):
            raise ConnectorError(Reason.TIMESTAMP_OUT_OF_WINDOW, "The token has ended, or has not begun.")


def _token(request: Request) -> str:
    scheme, _, token = single(request, AUTHORIZATION, Reason.SIGNATURE_MISSING).partition(" ")
    if scheme.lower() != _SCHEME:
        raise ConnectorError(Reason.SCHEME_NOT_ALLOWED, "The authorization is not of the scheme Bearer.")
    if len(token) > _MAX_TOKEN_CHARACTERS or not _TOKEN.fullmatch(token):
        raise ConnectorError(Reason.SIGNATURE_MALFORMED, "The authorization has no signed JWT.")
    return token


def _head(token: str) -> tuple[str, str | None]:
    """The algorithm and the key that the token names."""
    try:
        head = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise ConnectorError(Reason.SIGNATURE_MALFORMED, "The token's header cannot be read.") from None
    algorithm, name = head.get("alg"), head.get("kid")
    if not isinstance(algorithm, str) or not isinstance(name, str | None):
        raise ConnectorError(Reason.SIGNATURE_MALFORMED, "The token's header cannot be read.")
    return algorithm, name


def _seconds(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or (isinstance(value, float) and not isfinite(value))
    ):
        raise ConnectorError(Reason.TIMESTAMP_MALFORMED, f"The token's {name} is no number of seconds.")
    return value
