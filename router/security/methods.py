"""The ways to log in to Vault: with a token that was given to us, or as an AppRole."""

from typing import NamedTuple, Protocol

from router.config.vault import AppRoleAuth, TokenAuth
from router.security.client import Client, section


class Grant(NamedTuple):
    """A token, and for how many seconds; 0: for ever."""

    token: str
    seconds: int
    renewable: bool


class Method(Protocol):
    """A way to log in."""

    @property
    def owns_token(self) -> bool:
        """Whether the token is ours, to be given back, and to be replaced by logging in again."""

    def keys(self) -> tuple[str, ...]:
        """What is needed to log in, as it is now. Raises ConnectorError: SECRET_NOT_FOUND, SECRET_UNUSABLE."""

    def log_in(self, client: Client, keys: tuple[str, ...]) -> Grant:
        """Ask Vault. Raises ConnectorError, as Client.post."""


class ByToken:
    """The token of `auth.token`; somebody else may replace it at any time."""

    owns_token = False

    def __init__(self, auth: TokenAuth) -> None:
        self._token = auth.token

    def keys(self) -> tuple[str, ...]:
        """The token."""
        return (self._token.reveal(),)

    def log_in(self, client: Client, keys: tuple[str, ...]) -> Grant:
        """Ask what Vault knows of the token."""
        (client.token,) = keys
        known = section(client.get("auth/token/lookup-self"), "data")
        return Grant(client.token, known["ttl"], known.get("renewable", False))


class ByRole:
    """An AppRole's ids."""

    owns_token = True

    def __init__(self, auth: AppRoleAuth) -> None:
        self._auth = auth

    def keys(self) -> tuple[str, ...]:
        """The role's id and the secret id."""
        return self._auth.role_id.reveal(), self._auth.secret_id.reveal()

    def log_in(self, client: Client, keys: tuple[str, ...]) -> Grant:
        """Ask for a token."""
        role_id, secret_id = keys
        # With a token that has ended, Vault would refuse the request before it looks at the ids.
        client.token = ""
        content = {"role_id": role_id, "secret_id": secret_id}
        granted = section(client.post(f"auth/{self._auth.mount}/login", content), "auth")
        return Grant(granted["client_token"], granted["lease_duration"], granted["renewable"])


def method(auth: TokenAuth | AppRoleAuth) -> Method:
    """The way that the settings name."""
    return ByToken(auth) if isinstance(auth, TokenAuth) else ByRole(auth)
