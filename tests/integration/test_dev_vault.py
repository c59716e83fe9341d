"""The Vault of the embedded stack: started when asked for, killed, started again."""

import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from router.dev.stack import Ports, Stack
from tests.integration.vault_lab import VaultLab


def test_what_is_written_survives_a_kill_and_the_keys_are_for_us_alone(choose_ports: Callable[[], Ports]) -> None:
    with tempfile.TemporaryDirectory(prefix="con-stack-") as directory:
        home, components = Path(directory), frozenset({"vault"})
        with Stack(home, choose_ports(), components=components) as stack:
            lab = VaultLab(stack.start(), home)
            lab.write("shop/db", password="one")

            stack.component("vault").kill()
            stack.component("vault").start()

            read = lab.ask("GET", "secret/data/shop/db")["data"]["data"]
            logs = "".join(path.read_text() for path in (home / "logs").iterdir())
            token = lab.endpoints.vault_token
            modes = {stat.S_IMODE((home / "vault" / name).stat().st_mode) for name in ("token", "keys.json")}
        Stack.reset(home)

        assert read == {"password": "one"}
        assert modes == {0o600}
        assert token
        assert token not in logs
        assert not (home / "vault").exists()
