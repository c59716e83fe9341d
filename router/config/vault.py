"""The settings of the `vault:` section: where Vault is, and how we log in to it."""

import ipaddress
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from router.api import Secret
from router.api.secret import REFERENCE


def _address(address: str) -> str:
    message = "must be an address such as https://vault.example.com:8200, without a user"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        # Without the cause, which repeats parts of the address.
        raise ValueError(message) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None or port == 0:
        raise ValueError(message)
    if parts.path.strip("/") or parts.query or parts.fragment:
        message = "must end after the port: paths belong into the references"
        raise ValueError(message)
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        message = "must begin with https://, except on this machine itself"
        raise ValueError(message)
    return address.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _not_in_vault(secret: Secret) -> Secret:
    match = REFERENCE.fullmatch(secret.reference)
    if match and match["store"] == "vault":
        message = "must be ${env:NAME} or ${file:/path}: what opens Vault cannot be in Vault"
        raise ValueError(message)
    return secret


Key = Annotated[Secret, AfterValidator(_not_in_vault)]
"""A secret from outside of Vault."""


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class TokenAuth(_Settings):
    """A token that somebody else has made, and gives to us."""

    method: Literal["token"]
    token: Key = Field(description="The token. It is renewed if it can be, and read again where the file changes.")


class AppRoleAuth(_Settings):
    """An AppRole: we log in by ourselves, and again when the token ends."""

    method: Literal["approle"]
    role_id: Key = Field(description="The role's id.")
    secret_id: Key = Field(description="The secret id; good for more than one login.")
    mount: str = Field(
        "approle", pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", description="Where the method is mounted."
    )


class VaultSettings(_Settings):
    """HashiCorp Vault, the store behind `${vault:mount/path#field}`."""

    address: Annotated[str, AfterValidator(_address)] = Field(
        description="Vault's address, such as `https://vault.example.com:8200`; plain http on loopback only."
    )
    auth: Annotated[
        TokenAuth | AppRoleAuth, Field(discriminator="method", description="How we log in: `token` or `approle`.")
    ]
    namespace: str | None = Field(
        None, pattern=r"^[A-Za-z0-9_/-]{1,200}$", description="The namespace, where Vault has several."
    )
    ca_cert: str | None = Field(
        None, pattern=r"^/", description="The file of certificates to trust, instead of the public ones."
    )
    timeout_seconds: float = Field(5, ge=0.1, le=60, description="How long Vault may take to answer.")
    refresh_seconds: float = Field(30, ge=0.5, le=3600, description="How often secrets without a lease are read again.")
