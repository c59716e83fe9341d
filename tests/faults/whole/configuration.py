"""The pipeline of docs/how-to/replicate-and-forward.md, with the addresses of this run."""

from pathlib import Path

from router.dev.endpoints import HOST, Endpoints

DATABASE_ROLE = "whole"
"""Whose credentials Vault makes."""
ORIGIN, TOKEN, SIGNING = "secret/whole/origin", "secret/whole/api", "secret/whole/endpoint"
REPLICA = "accounts"

_PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "replicate-and-forward.md"


def configuration(run: str, kafka: Endpoints, target: Endpoints, *, api_port: int, admin_port: int) -> str:
    """The pipeline of a run as YAML, for the worker of this admin port."""
    text = _PAGE.read_text().partition("```yaml pipeline\n")[2].partition("```")[0]
    for written, meant in (
        ("kafka-1:9092", kafka.bootstrap_servers),
        ("http://registry:8080/apis/ccompat/v7", kafka.registry_url),
        ("https://vault.example.com:8200", target.vault_address),
        ("port: 9464", f"port: {admin_port}"),
        ("origin.example.com:5433", f"{kafka.postgres_host}:{kafka.postgres_port}"),
        ("origin.example.com", kafka.postgres_host),
        ("port: 5433", f"port: {kafka.postgres_port}"),
        ("target.example.com:5434", f"{target.postgres_host}:{target.postgres_port}"),
        ("target.example.com", target.postgres_host),
        ("port: 5434", f"port: {target.postgres_port}"),
        ("api.example.com:8443", f"{HOST}:{api_port}"),
        ("shop", run),
    ):
        if written not in text:
            message = f"{written} is not in the pipeline of {_PAGE.name}."
            raise ValueError(message)
        text = text.replace(written, meant)
    return text
