"""Keys derived from secrets: checked once at the start, and derived anew only when a secret changes."""

from collections.abc import Callable, Sequence

from router.api import ConnectorError, Secret

Derive = Callable[[str], bytes]
"""From a secret's text to the key of the HMAC. Raises ConnectorError (SECRET_UNUSABLE), without the secret."""


class Keys:
    """The keys of an endpoint's secrets; several while one replaces another."""

    def __init__(self, secrets: Sequence[Secret], derive: Derive) -> None:
        """Raises ConnectorError (SECRET_NOT_FOUND, SECRET_UNUSABLE), so that a bad secret is found at the start."""
        self._secrets = tuple(secrets)
        self._derive = derive
        self._derived: dict[str, bytes] = {}
        for secret in self._secrets:
            try:
                self._key(secret)
            except ConnectorError as error:
                if secret.reference in error.message:
                    raise
                raise ConnectorError(error.reason, f"{secret.reference}: {error.message}", fix=error.fix) from error

    def current(self) -> list[bytes]:
        """The keys as the secrets are now."""
        return [self._key(secret) for secret in self._secrets]

    def _key(self, secret: Secret) -> bytes:
        value = secret.reveal()
        key = self._derived.get(value)
        if key is None:
            key = self._derive(value)
            if len(self._derived) > len(self._secrets):
                self._derived.clear()  # what a rotation has left behind
            self._derived[value] = key
        return key
