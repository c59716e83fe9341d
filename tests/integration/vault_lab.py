"""What an operator of Vault does: secrets, policies, tokens, roles, a database, and sealing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from router.config.environment import environment
from router.config.secrets import SecretStore
from router.config.vault import VaultSettings
from router.dev.endpoints import Endpoints

LOOPBACK_SECONDS = 10


class VaultLab:
    """The Vault of a test session, as its operator sees it. home: of the stack."""

    def __init__(self, endpoints: Endpoints, home: Path) -> None:
        self.endpoints = endpoints
        self._keys = home / "vault" / "keys.json"

    @property
    def address(self) -> str:
        return self.endpoints.vault_address

    def ask(self, method: str, path: str, content: dict[str, Any] | None = None, token: str | None = None) -> Any:
        answer = self.status(method, path, content, token)
        assert answer.ok, (path, answer.status_code, answer.text)
        return answer.json() if answer.content else {}

    def status(
        self, method: str, path: str, content: dict[str, Any] | None = None, token: str | None = None
    ) -> requests.Response:
        headers = {"X-Vault-Token": token or self.endpoints.vault_token}
        url = f"{self.address}/v1/{path}"
        return requests.request(method, url, json=content, headers=headers, timeout=LOOPBACK_SECONDS)

    def write(self, path: str, **fields: Any) -> None:
        """A new version of a secret of the key-value store at `secret/`."""
        self.ask("POST", f"secret/data/{path}", {"data": fields})

    def policy(self, name: str, *paths: str) -> str:
        """A policy that lets these paths be read."""
        rules = {"path": {path: {"capabilities": ["read"]} for path in paths}}
        self.ask("PUT", f"sys/policies/acl/{name}", {"policy": json.dumps(rules)})
        return name

    def token(self, policy: str, ttl: str = "1h", **more: Any) -> str:
        """A token with the policy."""
        made = self.ask("POST", "auth/token/create", {"policies": [policy], "ttl": ttl, **more})
        return str(made["auth"]["client_token"])

    def approle(self, policy: str, **role: Any) -> tuple[str, str]:
        """A role of this name with the policy: its id, and a secret id."""
        if "approle/" not in self.ask("GET", "sys/auth")["data"]:
            self.ask("POST", "sys/auth/approle", {"type": "approle"})
        self.ask("POST", f"auth/approle/role/{policy}", {"token_policies": [policy], "token_ttl": "1h", **role})
        role_id = self.ask("GET", f"auth/approle/role/{policy}/role-id")["data"]["role_id"]
        secret_id = self.ask("POST", f"auth/approle/role/{policy}/secret-id")["data"]["secret_id"]
        return role_id, secret_id

    def database(self, role: str, ttl: str, max_ttl: str, owner: str | None = None) -> str:
        """Dynamic credentials of the stack's PostgreSQL; returns their path.

        owner: the role that they act as, so that what they make is not theirs.
        """
        if "database/" not in self.ask("GET", "sys/mounts")["data"]:
            self._enable_database()
        statement = "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';"
        acting = f'GRANT {owner} TO "{{{{name}}}}"; ALTER ROLE "{{{{name}}}}" SET role = \'{owner}\';' if owner else ""
        content = {
            "db_name": "stack",
            "creation_statements": [statement, acting],
            "default_ttl": ttl,
            "max_ttl": max_ttl,
        }
        self.ask("POST", f"database/roles/{role}", content)
        return f"database/creds/{role}"

    @contextmanager
    def sealed(self) -> Iterator[None]:
        """Vault answers that it is sealed while the context lasts."""
        self.ask("PUT", "sys/seal")
        try:
            yield
        finally:
            self.unseal()

    def unseal(self) -> None:
        self.ask("PUT", "sys/unseal", {"key": json.loads(self._keys.read_text())["keys"][0]})

    def settings(self, variables: dict[str, str], **more: Any) -> VaultSettings:
        """Settings that log in with the variables TOKEN, or ROLE_ID and SECRET_ID."""
        store = SecretStore(environment(variables))
        auth = (
            {"method": "token", "token": "${env:TOKEN}"}
            if "TOKEN" in variables
            else {"method": "approle", "role_id": "${env:ROLE_ID}", "secret_id": "${env:SECRET_ID}"}
        )
        content = {"address": self.address, "auth": auth, "refresh_seconds": 0.5, **more}
        return VaultSettings.model_validate(content, context={"resolve": store.resolve})

    def _enable_database(self) -> None:
        self.ask("POST", "sys/mounts/database", {"type": "database"})
        place = self.endpoints
        url = f"postgresql://{{{{username}}}}:{{{{password}}}}@{place.postgres_host}:{place.postgres_port}/postgres"
        content = {
            "plugin_name": "postgresql-database-plugin",
            "connection_url": url,
            "username": place.postgres_user,
            "password": place.postgres_password,
            "allowed_roles": ["*"],
        }
        self.ask("POST", "database/config/stack", content)
