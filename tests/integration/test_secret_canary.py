"""Secrets from Vault, followed through a pipeline on a bad day: they are used, and leave no trace."""

import base64
import hmac
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest
import requests
from psycopg import sql

from router.dev.endpoints import Endpoints
from tests.faults.process import Process
from tests.integration import secret_traces
from tests.integration.vault_lab import VaultLab

_SECONDS = 20
_LOOK_SECONDS = 0.1
_ACCEPTED = 202
_UNAUTHORIZED = 401
_USAGE_STATUS = 2


def canary() -> str:
    """So little like anything else that it is found for one reason only."""
    return f"Canary{secrets.token_hex(10)}"


def as_key(text: str) -> str:
    """The text as a key of Standard Webhooks."""
    return "whsec_" + base64.b64encode(text.encode()).decode()


@dataclass
class Canaries:
    """What must not be found: the keys within the `whsec_` texts, and the password of a role."""

    hook: str = field(default_factory=canary)
    signing: str = field(default_factory=canary)
    password: str = field(default_factory=canary)
    wrong_password: str = field(default_factory=canary)
    typed: str = field(default_factory=canary)
    secret_id: str = ""

    def __iter__(self) -> Iterator[str]:
        return iter((self.hook, self.signing, self.password, self.wrong_password, self.typed, self.secret_id))


@dataclass
class Scene:
    """A pipeline in a directory of its own, and all that it was seen to say."""

    name: str
    directory: Path
    ingress: int
    admin: int
    canaries: Canaries = field(default_factory=Canaries)
    heard: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.directory / "pipeline.yaml"

    def send(self, event_id: str, *, key: str | None = None) -> int:
        """An event, signed with the endpoint's key or another; returns the status."""
        content = b'{"type": "order"}'
        timestamp = str(int(time.time()))
        signed = f"{event_id}.{timestamp}.".encode() + content
        signature = hmac.digest((key or self.canaries.hook).encode(), signed, "sha256")
        headers = {
            "webhook-id": event_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": "v1," + base64.b64encode(signature).decode(),
            "content-type": "application/json",
        }
        url = f"http://127.0.0.1:{self.ingress}/hooks"
        answer = requests.post(url, data=content, headers=headers, timeout=_SECONDS)
        self.heard.append(("answer", answer.content + repr(answer.headers).encode()))
        return answer.status_code

    def page(self, path: str) -> str:
        """A page of the admin port; empty while nobody listens."""
        try:
            answer = requests.get(f"http://127.0.0.1:{self.admin}/{path}", timeout=_SECONDS)
        except requests.ConnectionError:
            return ""
        self.heard.append((path, answer.content))
        return answer.text

    def count(self, *parts: str) -> float:
        """The sum of the metrics whose lines have all parts."""
        lines = [line for line in self.page("metrics").splitlines() if all(part in line for part in parts)]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def command(self, *arguments: str) -> int:
        """Run `router` to its end; returns its status."""
        environment = {**os.environ, "LOG_LEVEL": "debug"}
        done = subprocess.run(  # noqa: S603  the command is ours
            [sys.executable, "-m", "router", *arguments], capture_output=True, check=False, env=environment
        )
        self.heard.append((f"router {arguments[0]}", done.stdout + done.stderr))
        return done.returncode

    def traces(self, heard: Iterable[tuple[str, bytes]], *more: str) -> set[tuple[str, str]]:
        """The places where one of the canaries, or a token of Vault, is found in any form."""
        needles = [(text, form) for text in (*self.canaries, *more) for form in secret_traces.forms(text)]
        needles.append(("a token of Vault", b"hvs."))
        return {(place, text) for place, content in heard for text, form in needles if form in content}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def refusing_server(scene: Scene) -> Iterator[str]:
    """An endpoint that refuses every event and repeats what it was sent, as some do."""

    class Refuse(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            echo = bytes(self.headers) + body
            scene.heard.append(("the sink's endpoint", echo))
            self.send_response(422)
            self.send_header("content-length", str(len(echo)))
            self.end_headers()
            self.wfile.write(echo)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def pipeline(scene: Scene, stack: Endpoints, lab: VaultLab, url: str, keys: Path) -> dict[str, Any]:
    """Webhooks to an endpoint that refuses them, and to a table that nobody can log in to yet."""
    topic, table = f"{scene.name}.v1", scene.name
    hook, signing, password = (f"${{vault:secret/{scene.name}#{name}}}" for name in ("hook", "signing", "password"))
    database = lab.endpoints
    address = f"{database.postgres_host}:{database.postgres_port}"
    return {
        "name": scene.name,
        "kafka": {"bootstrap_servers": stack.bootstrap_servers, "registry_url": stack.registry_url},
        "ingress": {"port": scene.ingress},
        "admin": {"port": scene.admin},
        "vault": {
            "address": lab.address,
            "refresh_seconds": 0.5,
            "auth": {
                "method": "approle",
                "role_id": f"${{file:{keys}/role_id}}",
                "secret_id": f"${{file:{keys}/secret_id}}",
            },
        },
        "sources": {
            "hooks": {
                "connector": "webhook",
                "scopes": {"topics": [topic], "secrets": [hook]},
                "config": {"path": "/hooks", "verify": {"scheme": "standard_webhooks", "secrets": [hook]}},
                "routes": [{"topic": topic}],
            }
        },
        "sinks": {
            "refused": {
                "connector": "http",
                "topics": [topic],
                "scopes": {"topics": [topic], "secrets": [signing], "hosts": [url.split("/")[2]]},
                "config": {"url": url, "signing_secret": signing},
            },
            "locked": {
                "connector": "postgres",
                "topics": [topic],
                "scopes": {"topics": [topic], "secrets": [password], "hosts": [address]},
                "config": {
                    "host": database.postgres_host,
                    "port": database.postgres_port,
                    "database": database.postgres_database,
                    "user": scene.name,
                    "password": password,
                    "table": table,
                },
                "delivery": {"retry": {"initial_seconds": 0.1, "max_seconds": 1}},
            },
        },
    }


def administer(lab: VaultLab, scene: Scene, keys: Path) -> None:
    """Put the secrets into Vault, with a wrong password; make the role in the database, and ours in Vault."""
    write(lab, scene, scene.canaries.wrong_password)
    role_id, scene.canaries.secret_id = lab.approle(lab.policy(scene.name, f"secret/data/{scene.name}"))
    (keys / "role_id").write_text(role_id)
    (keys / "secret_id").write_text(scene.canaries.secret_id)
    with database(lab) as connection:
        role, password = sql.Identifier(scene.name), sql.Literal(scene.canaries.password)
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, password))
        connection.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(role))
        # The table of positions may be another test's.
        connection.execute(sql.SQL("GRANT ALL ON ALL TABLES IN SCHEMA public TO {}").format(role))


def write(lab: VaultLab, scene: Scene, password: str) -> None:
    keys = {"hook": as_key(scene.canaries.hook), "signing": as_key(scene.canaries.signing)}
    lab.write(scene.name, **keys, password=password)


def database(lab: VaultLab) -> psycopg.Connection:
    place = lab.endpoints
    return psycopg.connect(
        host=place.postgres_host,
        port=place.postgres_port,
        user=place.postgres_user,
        password=place.postgres_password,
        dbname=place.postgres_database,
        autocommit=True,
    )


def rows(lab: VaultLab, scene: Scene) -> int:
    with database(lab) as connection:
        found = connection.execute("SELECT to_regclass(%s)", (scene.name,)).fetchone()
        if found is None or found[0] is None:
            return 0
        count = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(scene.name))).fetchone()
        return int(count[0]) if count else 0


@pytest.fixture
def scene(unique: Callable[[], str], tmp_path: Path) -> Scene:
    work = tmp_path / "work"
    work.mkdir()
    return Scene(unique(), work, free_port(), free_port())


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    directory = tmp_path / "keys"
    directory.mkdir()
    return directory


def until(condition: Callable[[], bool]) -> None:
    """Wait for the condition; the test's own limit ends the wait."""
    while not condition():
        time.sleep(_LOOK_SECONDS)


def live(scene: Scene, lab: VaultLab) -> None:
    """Every secret is used, most are refused first, and two are replaced while the pipeline runs."""
    until(lambda: "SECRET_UNAVAILABLE" in scene.page("readyz"))
    lab.unseal()
    until(lambda: scene.page("readyz") != "" and "ingress" not in scene.page("readyz"))
    assert [scene.send(f"{scene.name}-{number}") for number in range(3)] == [_ACCEPTED] * 3
    assert scene.send(f"{scene.name}-forged", key=canary()) == _UNAUTHORIZED
    until(lambda: scene.count("con_dead_lettered_total", "refused") == 3)
    until(lambda: scene.count("con_retries_total", "locked", "CREDENTIAL_REFUSED") >= 1)
    scene.page("livez")
    scene.canaries.hook = canary()
    write(lab, scene, scene.canaries.password)
    until(lambda: scene.send(f"{scene.name}-rotated") == _ACCEPTED)
    until(lambda: rows(lab, scene) == 4)


def ask(scene: Scene) -> None:
    """Everything that shows a configuration or a dead letter."""
    path = str(scene.config)
    assert scene.command("check", path, "--output", "json") == 0
    assert scene.command("check", path, "--secrets", "--output", "json") == 0
    assert scene.command("check", path, "--secrets") == 0
    assert scene.command("dlq", "list", path, "--sink", "refused") == 0
    for reference in (f"${{vault:secret/{scene.name}#none}}", scene.canaries.typed):
        mistaken = scene.directory.parent / "mistaken.yaml"
        mistaken.write_text(scene.config.read_text().replace(f"${{vault:secret/{scene.name}#password}}", reference))
        for output in ("json", "table"):
            assert scene.command("check", str(mistaken), "--secrets", "--output", output) == _USAGE_STATUS


def test_secrets_from_vault_are_used_and_leave_no_trace_on_a_bad_day(
    scene: Scene, endpoints: Endpoints, vault_lab: VaultLab, keys: Path
) -> None:
    administer(vault_lab, scene, keys)
    first_hook = scene.canaries.hook
    log = scene.directory / "router.log"
    process = Process("run", scene.config, {"LOG_LEVEL": "debug"}, log)
    with refusing_server(scene) as url:
        scene.config.write_text(json.dumps(pipeline(scene, endpoints, vault_lab, url, keys)))
        try:
            with vault_lab.sealed():
                process.start()
                live(scene, vault_lab)
            ask(scene)
            scene.heard += secret_traces.processes(os.getpid())
            process.stop()
        finally:
            process.abandon()
    scene.heard += [
        *secret_traces.topics(endpoints, scene.name),
        *secret_traces.schemas(endpoints, scene.name),
        *secret_traces.files(scene.directory),
    ]

    stored = vault_lab.status("GET", f"secret/data/{scene.name}").content
    there = scene.canaries.hook, scene.canaries.signing, scene.canaries.password
    assert scene.traces([("Vault", stored)]) == {("Vault", text) for text in there}, "what is there must be found"
    assert {"metrics", "readyz", f"topic {scene.name}.refused.dlq", "file router.log"} <= {
        place for place, _ in scene.heard
    }
    assert scene.traces(scene.heard, first_hook) == set()
