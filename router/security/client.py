"""Requests to Vault and what its answers mean: the one place that imports its client library."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import requests
from hvac.adapters import RawAdapter  # type: ignore[import-untyped]

from router.api import ConnectorError, Reason
from router.config.vault import VaultSettings

_SEE_VAULT = "See Vault's own log; we try again by ourselves."


class Client:
    """One connection to Vault, for one thread at a time. token: what it sends along; empty before a login.

    Environment variables (proxies, VAULT_TOKEN) and redirects are not followed: the token goes nowhere else.
    """

    def __init__(self, settings: VaultSettings) -> None:
        session = requests.Session()
        session.trust_env = False
        session.verify = settings.ca_cert or True
        self._adapter: Any = RawAdapter(
            base_uri=settings.address,
            token="",
            timeout=settings.timeout_seconds,
            allow_redirects=False,
            session=session,
            namespace=settings.namespace,
            ignore_exceptions=True,
        )

    @property
    def token(self) -> str:
        """The token of the requests to come."""
        return str(self._adapter.token)

    @token.setter
    def token(self, token: str) -> None:
        self._adapter.token = token

    def get(self, path: str) -> dict[str, Any]:
        """The answer for a path below `/v1`. Raises ConnectorError, as `post`; SECRET_NOT_FOUND for 400 and 404."""
        return self._request("get", path, None)

    def post(self, path: str, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer; empty where Vault has nothing to say.

        Raises ConnectorError: PERMISSION_DENIED for 403, SECRET_NOT_FOUND for 400 and 404, SECRET_UNAVAILABLE for
        all that waiting may mend. Neither values nor Vault's own texts are in the message.
        """
        return self._request("post", path, content or {})

    def close(self) -> None:
        """Close the connection."""
        self._adapter.close()

    def _request(self, method: str, path: str, content: Mapping[str, Any] | None) -> dict[str, Any]:
        answer, problem = self._answer(method, path, content)
        if answer is None:
            raise ConnectorError(
                Reason.SECRET_UNAVAILABLE, f"Vault {problem}.", fix="Check `vault.address`, `vault.ca_cert` and Vault."
            )
        if answer.ok and answer.status_code < HTTPStatus.MULTIPLE_CHOICES:
            return _content(answer)
        raise _refused(answer.status_code, path)

    def _answer(
        self, method: str, path: str, content: Mapping[str, Any] | None
    ) -> tuple[requests.Response | None, str]:
        # The error is raised elsewhere: it would carry this exception, which holds the request with its token.
        try:
            return self._adapter.request(method, f"/v1/{path}", **({} if content is None else {"json": content})), ""
        except requests.exceptions.SSLError:
            return None, "has a certificate that is not trusted"
        except requests.exceptions.Timeout:
            return None, "did not answer in time"
        except (requests.exceptions.RequestException, OSError):
            # OSError: what requests raises if the file of `ca_cert` does not exist.
            return None, "cannot be reached"


def section(answer: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The part of an answer with that name. Raises ConnectorError: SECRET_UNAVAILABLE if there is none."""
    found = answer.get(name)
    if not isinstance(found, dict):
        raise _not_vault()
    return found


def _content(answer: requests.Response) -> dict[str, Any]:
    if answer.status_code == HTTPStatus.NO_CONTENT or not answer.content:
        return {}
    content = _json(answer)
    if not isinstance(content, dict):
        raise _not_vault()
    return content


def _not_vault() -> ConnectorError:
    message = "What answers at `vault.address` does not answer as Vault does."
    return ConnectorError(Reason.SECRET_UNAVAILABLE, message, fix="Check that the address is Vault's.")


def _json(answer: requests.Response) -> Any:
    # Without the error, which quotes the text.
    try:
        return answer.json()
    except ValueError:
        return None


def _refused(status: int, path: str) -> ConnectorError:
    if status == HTTPStatus.FORBIDDEN:
        message = f"Vault denies access to {path}."
        return ConnectorError(Reason.PERMISSION_DENIED, message, fix="Add the path to the token's policy.")
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
        message = f"Vault has nothing at {path} ({status})."
        return ConnectorError(Reason.SECRET_NOT_FOUND, message, fix="Correct the reference, or write the secret.")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        message = "Vault is sealed or not ready (503)."
        return ConnectorError(Reason.SECRET_UNAVAILABLE, message, fix="Unseal Vault; we try again by ourselves.")
    return ConnectorError(Reason.SECRET_UNAVAILABLE, f"Vault answered {status} for {path}.", fix=_SEE_VAULT)
