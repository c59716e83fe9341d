"""Puts credentials on requests; secrets are read at each request, so that a changed one is used without a restart."""

import base64
import re
from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import quote_plus

from router.api import ConnectorError, Reason, Secret
from sources.http_poll.auth_config import ApiKeyAuth, Auth, BasicAuth, BearerAuth, ClientCredentialsAuth

_TOKEN = re.compile(r"[\x21-\x7e]+")


class Authentication(Protocol):
    """How requests show who sends them."""

    async def add_to(self, headers: dict[str, str], params: dict[str, str]) -> None:
        """Add the credential. Raises ConnectorError if it cannot be had or used."""
        ...

    def renew(self, refused: str | None) -> bool:
        """The API has refused the header; True if another attempt will have another credential."""
        ...


class Fixed:
    """Nothing, or a credential that is only changed from outside."""

    def __init__(self, auth: Auth) -> None:
        self._auth = auth

    async def add_to(self, headers: dict[str, str], params: dict[str, str]) -> None:
        """Add the credential, if there is one."""
        auth = self._auth
        if isinstance(auth, ApiKeyAuth):
            target = headers if auth.place == "header" else params
            target[auth.name] = _usable(auth.key)
        elif isinstance(auth, BasicAuth):
            headers["Authorization"] = basic(auth.user, auth.password.reveal())
        elif isinstance(auth, BearerAuth):
            headers["Authorization"] = f"Bearer {_usable(auth.token)}"

    def renew(self, refused: str | None) -> bool:  # noqa: ARG002  the protocol's signature
        """It cannot be."""
        return False


class ClientCredentials:
    """A token that is asked for, kept until shortly before it expires, and asked for again if it is refused.

    post_form: posts a form with an authorization header, if any, and returns the token and its seconds.
    clock: seconds that only grow.
    """

    def __init__(
        self,
        auth: ClientCredentialsAuth,
        post_form: Callable[[str, dict[str, str], str | None], Awaitable[tuple[str, float]]],
        clock: Callable[[], float],
    ) -> None:
        self._auth = auth
        self._post_form = post_form
        self._clock = clock
        self._token: str | None = None
        self._valid_until = 0.0

    async def add_to(self, headers: dict[str, str], params: dict[str, str]) -> None:  # noqa: ARG002  as above
        """Add the token; ask for one if there is none that is still valid."""
        if self._token is None or self._clock() >= self._valid_until:
            self._token, seconds = await self._ask()
            # A tenth earlier, since the request takes its time too.
            self._valid_until = self._clock() + seconds * 0.9
        headers["Authorization"] = f"Bearer {self._token}"

    def renew(self, refused: str | None) -> bool:
        """Forget the token that was refused."""
        if refused == f"Bearer {self._token}":
            self._token = None
        return True

    async def _ask(self) -> tuple[str, float]:
        auth = self._auth
        form = {"grant_type": "client_credentials"} | ({"scope": auth.scope} if auth.scope else {})
        if auth.client_auth == "body":
            form |= {"client_id": auth.client_id, "client_secret": auth.client_secret.reveal()}
            return await self._post_form(auth.token_url, form, None)
        # RFC 6749, section 2.3.1: both are encoded as in a form before they are joined.
        header = basic(quote_plus(auth.client_id), quote_plus(auth.client_secret.reveal()))
        return await self._post_form(auth.token_url, form, header)


def basic(user: str, password: str) -> str:
    """The header of basic authentication."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _usable(secret: Secret) -> str:
    value = secret.reveal()
    if not _TOKEN.fullmatch(value):
        message = f"{secret.reference} is empty, or has characters that no header may have."
        raise ConnectorError(Reason.SECRET_UNUSABLE, message, fix="Look for a line break at its end.")
    return value
