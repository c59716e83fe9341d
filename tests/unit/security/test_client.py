"""What answers of Vault, and of what is not Vault, mean; and that the token goes nowhere else."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from router.api import ConnectorError, Reason
from router.config.vault import VaultSettings
from router.security.client import Client, section

CANARY = "Canary-4711"


@dataclass
class Answers:
    """A server that answers the same to all, and remembers what it was asked."""

    port: int = 0
    status: int = 200
    content: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def client(self, **more: Any) -> Client:
        settings = {"address": f"http://127.0.0.1:{self.port}", "auth": {"method": "token", "token": "${env:T}"}}
        client = Client(VaultSettings.model_validate(settings | more))
        client.token = CANARY
        return client


@pytest.fixture
def server() -> Iterator[Answers]:
    answers = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(answers.status)
            for name, value in {"content-length": str(len(answers.content)), **answers.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answers.content)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  the base class's name
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    answers.port = listening.server_address[1]
    thread = Thread(target=listening.serve_forever)
    thread.start()
    yield answers
    listening.shutdown()
    thread.join()
    listening.server_close()


def refusal(client: Client) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        client.get("secret/data/db")
    return caught.value


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (307, Reason.SECRET_UNAVAILABLE),
        (400, Reason.SECRET_NOT_FOUND),
        (403, Reason.PERMISSION_DENIED),
        (404, Reason.SECRET_NOT_FOUND),
        (412, Reason.SECRET_UNAVAILABLE),
        (429, Reason.SECRET_UNAVAILABLE),
        (500, Reason.SECRET_UNAVAILABLE),
        (503, Reason.SECRET_UNAVAILABLE),
    ],
)
def test_a_status_has_one_meaning_and_vaults_text_is_not_repeated(server: Answers, status: int, reason: Reason) -> None:
    server.status, server.content = status, json.dumps({"errors": [CANARY]}).encode()

    error = refusal(server.client())

    assert error.reason is reason
    assert CANARY not in f"{error}{error!r}{error.__cause__!r}{error.__context__!r}"


@pytest.mark.parametrize("content", [b"<html>Canary-4711</html>", b"[1]", b'"Canary-4711"', b"\xff\xfe"])
def test_what_is_not_vault_is_recognised(server: Answers, content: bytes) -> None:
    server.content = content

    error = refusal(server.client())

    assert error.reason is Reason.SECRET_UNAVAILABLE
    assert CANARY not in f"{error}{error.__cause__!r}{error.__context__!r}"


def test_a_redirect_is_not_followed_so_that_the_token_goes_nowhere_else(server: Answers) -> None:
    server.status, server.headers = 307, {"location": f"http://localhost:{server.port}/elsewhere"}

    refusal(server.client())

    assert [path for path, _ in server.asked] == ["/v1/secret/data/db"]


def test_neither_proxies_nor_tokens_of_the_environment_are_used(
    server: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("VAULT_TOKEN", "of somebody else")
    monkeypatch.setenv("VAULT_NAMESPACE", "of somebody else")

    server.client().get("secret/data/db")

    (_, headers) = server.asked[0]
    assert headers["x-vault-token"] == CANARY
    assert "x-vault-namespace" not in headers


def test_the_namespace_of_the_settings_is_sent(server: Answers) -> None:
    server.client(namespace="teams/shop").get("secret/data/db")

    assert server.asked[0][1]["x-vault-namespace"] == "teams/shop"


def test_a_vault_that_nobody_answers_for_is_unavailable_without_its_request_in_the_error() -> None:
    error = refusal(Answers(port=1).client())

    assert error.reason is Reason.SECRET_UNAVAILABLE
    assert (error.__cause__, error.__context__) == (None, None)


def test_an_answer_that_lacks_its_part_is_not_vaults() -> None:
    with pytest.raises(ConnectorError) as caught:
        section({"data": [CANARY]}, "data")

    assert caught.value.reason is Reason.SECRET_UNAVAILABLE
    assert CANARY not in str(caught.value)


def test_a_file_of_certificates_that_is_missing_is_named_by_its_setting() -> None:
    error = refusal(Answers(port=1).client(address="https://127.0.0.1:1", ca_cert="/nowhere/ca.pem"))

    assert error.reason is Reason.SECRET_UNAVAILABLE
    assert "vault.ca_cert" in str(error.fix)
