"""Where the example keeps what it makes: the configuration with this machine's ports, and its secrets."""

import base64
import re
import secrets
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from router.api import ConnectorError, Reason
from router.dev.example.ports import USUAL, ExamplePorts
from router.dev.lease import Lease

_TEMPLATE = Path(__file__).with_name("pipeline.yaml")


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets of senders and sinks. They are kept, so that a command copied from the screen stays valid."""

    github: str = field(repr=False)
    orders: str = field(repr=False)
    notify: str = field(repr=False)

    def variables(self, database_password: str) -> Mapping[str, str]:
        """What the configuration's references mean, as environment variables."""
        return {
            "GITHUB_SECRET": self.github,
            "ORDERS_SECRET": self.orders,
            "NOTIFY_SECRET": self.notify,
            "DB_PASSWORD": database_password,
        }


class Place:
    """The directory `example` of the stack's home."""

    def __init__(self, home: Path) -> None:
        self._directory = home.absolute() / "example"
        self.pipeline = self._directory / "pipeline.yaml"
        self.log = home.absolute() / "logs" / "example.log"
        self.database_password = home.absolute() / "postgres" / "password"

    @contextmanager
    def held(self) -> Iterator[None]:
        """For this process alone. Raises ConnectorError (STACK_RUNNING): two examples would share their events."""
        lease = Lease(self._directory)
        if not lease.acquire():
            message = f"another example runs in {self._directory}"
            raise ConnectorError(Reason.STACK_RUNNING, message, fix="stop it, or choose another place with --home")
        try:
            yield
        finally:
            lease.release()

    def write_pipeline(self, ports: ExamplePorts) -> None:
        """Write the configuration: that of this package, with these ports."""
        actual = {str(getattr(USUAL, name)): str(getattr(ports, name)) for name in ExamplePorts.__slots__}
        numbers = re.compile(r"\b(" + "|".join(actual) + r")\b")
        self._directory.mkdir(parents=True, exist_ok=True)
        self.pipeline.write_text(numbers.sub(lambda match: actual[match[0]], _TEMPLATE.read_text()))

    def secrets(self) -> Secrets:
        """The secrets of earlier runs, or new random ones; the files are for this user alone."""
        return Secrets(self._secret("github"), self._secret("orders"), self._secret("notify"))

    def _secret(self, name: str) -> str:
        file = self._directory / "secrets" / name
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Written beside its place: a secret of half its length would be taken for one.
            written = file.with_suffix(".new")
            written.unlink(missing_ok=True)
            written.touch(0o600)
            written.write_text("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())
            written.replace(file)
        return file.read_text()


def shown(path: Path) -> str:
    """The path as a word for a shell; below the current directory, without it."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
