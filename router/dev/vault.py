"""HashiCorp Vault on loopback, initialised and unsealed: for trying things out, not for secrets that matter."""

import http.client
import json
import shutil
from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any

from router.dev.endpoints import HOST, Ports
from router.dev.server import Launch
from router.dev.vault_build import PLUGIN, VaultBuild

_ANSWER_SECONDS = 15
# Nobody joins the cluster: its port is any that is free, and its address, which must differ, leads nowhere.
_SETTINGS = """storage "raft" {{
  path = "{data}"
  node_id = "stack"
}}
listener "tcp" {{
  address = "{host}:{port}"
  cluster_address = "{host}:0"
  tls_disable = true
}}
api_addr = "http://{host}:{port}"
cluster_addr = "http://{host}:1"
disable_mlock = true
plugin_directory = "{plugins}"
"""


class Vault:
    """The recipe of the secret store. Its state is in `<home>/vault`, with the keys that open it beside it.

    At `secret/` there is a key-value store of version 2; dynamic credentials for PostgreSQL can be switched on.
    """

    name = "vault"

    def __init__(self, home: Path, ports: Ports, build: VaultBuild) -> None:
        self._directory = home / "vault"
        self._keys = self._directory / "keys.json"
        self._token = self._directory / "token"
        self._port = ports.vault
        self._build = build

    @property
    def ports(self) -> Mapping[str, int]:
        """The port it listens on."""
        return {"vault": self._port}

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self._port}"

    @property
    def token(self) -> str:
        """The root token: whoever knows it may do everything."""
        return self._token.read_text()

    def prepare(self) -> Launch:
        """Build it once, and write its settings."""
        programs = self._build.programs()
        data, plugins, settings = self._directory / "data", self._directory / "plugins", self._directory / "vault.hcl"
        for directory in (self._directory, data, plugins):
            directory.mkdir(parents=True, exist_ok=True)
            directory.chmod(0o700)
        if not self._keys.exists():
            # Without its keys, the state of a start that was interrupted cannot be opened any more.
            shutil.rmtree(data)
            data.mkdir(0o700)
        # By another name at first: of a Vault that was killed, the plugin may still run.
        shutil.copy2(programs / "plugins" / PLUGIN, plugins / f"{PLUGIN}.new")
        (plugins / f"{PLUGIN}.new").replace(plugins / PLUGIN)
        settings.write_text(_SETTINGS.format(data=data, host=HOST, port=self._port, plugins=plugins))
        command = (str(programs / "vault"), "server", f"-config={settings}")
        return Launch(command, {"HOME": str(self._directory), "VAULT_LOG_LEVEL": "warn"})

    def is_ready(self) -> bool:
        """Whether it is unsealed and has its store; both are seen to."""
        try:
            status = self._ask("GET", "sys/seal-status")
            if not status["initialized"]:
                self._initialize()
            elif status["sealed"]:
                self._ask("PUT", "sys/unseal", {"key": json.loads(self._keys.read_text())["keys"][0]})
            elif self._ask("GET", "sys/health").get("standby") is False:
                return self._has_store()
        except (OSError, http.client.HTTPException, ValueError):
            pass
        return False

    def _initialize(self) -> None:
        made = self._ask("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        _write_private(self._token, made["root_token"])
        _write_private(self._keys, json.dumps(made))

    def _has_store(self) -> bool:
        if "secret/" not in self._ask("GET", "sys/mounts")["data"]:
            self._ask("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
            digest = sha256((self._directory / "plugins" / PLUGIN).read_bytes()).hexdigest()
            self._ask("POST", f"sys/plugins/catalog/database/{PLUGIN}", {"sha256": digest, "command": PLUGIN})
        return True

    def _ask(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Raises OSError where it does not answer, or answers that it will not."""
        headers = {"X-Vault-Token": self.token} if self._token.exists() else {}
        connection = http.client.HTTPConnection(HOST, self._port, timeout=_ANSWER_SECONDS)
        try:
            connection.request(method, f"/v1/{path}", None if content is None else json.dumps(content), headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise ConnectionError(answer.status)
        found: dict[str, Any] = json.loads(text) if text else {}
        return found


def _write_private(file: Path, text: str) -> None:
    unfinished = file.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(0o600)
    unfinished.write_text(text)
    unfinished.replace(file)
