"""Keys derived from secrets: checked once at the start, and derived anew only when a secret changes."""

from collections.abc import Callable, Sequence
from math import inf
from typing import Annotated, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from router.api import ConnectorError, Reason, Secret


class ExpiringSecret(BaseModel):
    """A secret that is being replaced: accepted up to a time."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secret: Secret = Field(description="The secret.")
    until: AwareDatetime = Field(description="When it stops being accepted, with a time zone.")


Secrets = Annotated[
    tuple[Secret | ExpiringSecret, ...],
    Field(
        min_length=1, max_length=4, description="Accepted secrets; several while rotating, the old ones with `until`."
    ),
]

Derive = Callable[[str], bytes]
"""From a secret's text to the key of the HMAC. Raises ConnectorError (SECRET_UNUSABLE), without the secret."""


Key = TypeVar("Key")


class KeyRing(Generic[Key]):
    """The keys of an endpoint's secrets; several while one replaces another."""

    def __init__(self, secrets: Sequence[Secret | ExpiringSecret], derive: Callable[[str], Key]) -> None:
        """Raises ConnectorError (SECRET_NOT_FOUND, SECRET_UNUSABLE), so that a bad secret is found at the start."""
        self._secrets = [one if isinstance(one, Secret) else one.secret for one in secrets]
        self._ends = [inf if isinstance(one, Secret) else one.until.timestamp() for one in secrets]
        self._expires = min(self._ends) < inf
        self._derive = derive
        self._derived: dict[str, Key] = {}
        for secret in self._secrets:
            try:
                self._key(secret)
            except ConnectorError as error:
                if secret.reference in error.message:
                    raise
                raise ConnectorError(error.reason, f"{secret.reference}: {error.message}", fix=error.fix) from error

    def current(self, now: float) -> list[Key]:
        """The keys as the secrets are now; none if all have ended. now: seconds since the epoch."""
        if not self._expires:
            return [self._key(secret) for secret in self._secrets]
        return [self._key(secret) for secret, end in zip(self._secrets, self._ends, strict=True) if now < end]

    def first(self, now: float) -> Key:
        """The key to sign with. Raises ConnectorError (SECRET_UNUSABLE) if all have ended."""
        keys = self.current(now)
        if not keys:
            raise ConnectorError(Reason.SECRET_UNUSABLE, "All secrets have ended.", fix="Add one without `until`.")
        return keys[0]

    def _key(self, secret: Secret) -> Key:
        value = secret.reveal()
        key = self._derived.get(value)
        if key is None:
            key = self._derive(value)
            if len(self._derived) > len(self._secrets):
                self._derived.clear()  # what a rotation has left behind
            self._derived[value] = key
        return key


class Keys(KeyRing[bytes]):
    """Keys of HMACs."""


def text_key(min_characters: int) -> Derive:
    """The derivation of keys that are the secret's UTF-8, and which must have so many characters."""

    def derive(secret: str) -> bytes:
        if len(secret) < min_characters:
            raise ConnectorError(
                Reason.SECRET_UNUSABLE,
                f"the secret has fewer than {min_characters} characters.",
                fix="Use a random one.",
            )
        # What is no UTF-8 in the environment arrives as surrogates, and so becomes the same bytes again.
        return secret.encode("utf-8", "surrogateescape")

    return derive
