"""The `vault:` section, references to it, and the scopes that they must be within."""

from pathlib import Path

import pytest

from router.api import Reason
from router.config.faults import Fault
from router.config.load import load
from router.config.names import secret_reference, vault_place
from tests.unit.config.examples import VALID, faults, withheld, write

REFERENCE = "${vault:secret/shop/db#password}"
VAULT = """\
vault:
  address: https://vault.example.com:8200
  auth:
    method: approle
    role_id: ${file:/run/role}
    secret_id: ${env:SECRET_ID}
"""
IN_VAULT = VALID.replace("${env:DB_PASSWORD}", REFERENCE)


def found(tmp_path: Path, text: str) -> list[tuple[Reason, str]]:
    return [(fault.reason, fault.path) for fault in faults(write(tmp_path, text))]


def test_a_reference_to_vault_is_bound_to_the_store(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, VAULT + IN_VAULT), resolve=lambda reference: f"value of {reference}")

    sink = loaded.sinks["store"].config.model_dump()
    assert sink["password"] == REFERENCE
    assert [use.reference for use in loaded.secrets if use.is_in_vault] == [REFERENCE]
    assert {use.path for use in loaded.secrets} >= {"vault.auth.role_id", "vault.auth.secret_id"}


def test_a_reference_to_vault_without_a_vault_is_told_with_its_mending(tmp_path: Path) -> None:
    (fault,) = faults(write(tmp_path, IN_VAULT))

    assert isinstance(fault, Fault)
    assert (fault.reason, fault.path) == (Reason.CONFIG_INVALID, "sinks.store.config.password")
    assert fault.fix == "Add a `vault` section with `address` and `auth`."


def test_a_vault_alone_without_references_is_fine(tmp_path: Path) -> None:
    assert load(write(tmp_path, VAULT + VALID), resolve=withheld).pipeline.vault is not None


@pytest.mark.parametrize(
    "scope",
    ["${vault:secret/shop/db#user}", "${vault:secret/shop#password}", "${vault:other/shop/db#password}"],
)
def test_a_secret_must_be_within_the_scopes_to_the_letter(tmp_path: Path, scope: str) -> None:
    text = VAULT + IN_VAULT.replace(f'secrets: ["{REFERENCE}"]', f'secrets: ["{scope}"]')

    assert found(tmp_path, text) == [(Reason.SCOPE_EXCEEDED, "sinks.store.config.password")]


@pytest.mark.parametrize("scope", ["${vault:secret/shop/*#password}", "${vault:secret/shop/db#*}"])
def test_a_scope_with_a_wildcard_is_refused(tmp_path: Path, scope: str) -> None:
    text = VAULT + IN_VAULT.replace(f'secrets: ["{REFERENCE}"]', f'secrets: ["{scope}"]')

    assert (Reason.SCOPE_REQUIRED, "sinks.store.scopes.secrets[0]") in found(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("https://vault.example.com:8200", "http://vault.example.com:8200", "vault.address"),
        ("https://vault.example.com:8200", "https://me:word@vault.example.com:8200", "vault.address"),
        ("https://vault.example.com:8200", "https://vault.example.com:8200/v1", "vault.address"),
        ("https://vault.example.com:8200", "vault.example.com:8200", "vault.address"),
        ("https://vault.example.com:8200", "https://vault.example.com:99999", "vault.address"),
        ("${env:SECRET_ID}", "${vault:secret/own#id}", "vault.auth.secret_id"),
        ("method: approle", "method: password", "vault.auth.method"),
        ("https://vault.example.com:8200", "${env:VAULT_ADDR}", "vault.address"),
    ],
)
def test_a_mistake_in_the_section_is_told_by_its_place(tmp_path: Path, old: str, new: str, path: str) -> None:
    assert found(tmp_path, VAULT.replace(old, new) + VALID) == [(Reason.CONFIG_INVALID, path)]


def test_a_secret_written_out_is_refused_in_the_section_too(tmp_path: Path) -> None:
    text = VAULT.replace("${env:SECRET_ID}", "Canary-4711") + VALID

    assert found(tmp_path, text) == [(Reason.SECRET_LITERAL, "vault.auth.secret_id")]


@pytest.mark.parametrize("address", ["http://127.0.0.1:8200", "http://localhost:8200", "http://[::1]:8200"])
def test_plain_http_is_taken_on_this_machine_only(tmp_path: Path, address: str) -> None:
    text = VAULT.replace("https://vault.example.com:8200", f'"{address}"') + VALID

    assert found(tmp_path, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "${vault:secret#password}",
        "${vault:secret/db}",
        "${vault:/secret/db#password}",
        "${vault:secret//db#password}",
        "${vault:secret/../db#password}",
        "${vault:secret/./db#password}",
        "${vault:secret/db#password#x}",
        "${vault:secret/db?version=1#password}",
        "${vault:secret/%2e%2e/db#password}",
        "${vault:secret/db#}",
        "${vault:sys/mounts#type}",
        "${vault:auth/token/lookup-self#id}",
        "${vault:secret/${env:X}#password}",
    ],
)
def test_what_does_not_name_one_field_of_one_path_is_no_reference(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|reference") as caught:
        secret_reference(text)

    assert text not in str(caught.value)


def test_a_reference_names_a_path_and_a_field() -> None:
    assert vault_place("${vault:database/creds/read-only#username}") == ("database/creds/read-only", "username")
