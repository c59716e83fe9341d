"""Vault as a secret store: a real Vault, its dynamic PostgreSQL credentials, and its bad days."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from router.api import ConnectorError, Reason
from router.config.vault import VaultSettings
from router.dev.stack import Endpoints
from router.security.vault import Vault
from tests.integration.pipeline import until
from tests.integration.vault_lab import VaultLab


@pytest.fixture
def lab(vault_lab: VaultLab) -> VaultLab:
    return vault_lab


@asynccontextmanager
async def running(settings: VaultSettings, *references: str) -> AsyncIterator[Vault]:
    """A Vault that has read the references, and keeps them fresh."""
    vault = Vault(settings)
    async with vault.running():
        await vault.prefetch(references)
        yield vault


def logs_in(endpoints: Endpoints, user: str, password: str) -> bool:
    try:
        with psycopg.connect(
            host=endpoints.postgres_host,
            port=endpoints.postgres_port,
            user=user,
            password=password,
            dbname="postgres",
        ):
            return True
    except psycopg.OperationalError:
        return False


def fault(vault: Vault, reference: str) -> ConnectorError | None:
    try:
        vault.resolve(reference)
    except ConnectorError as error:
        return error
    return None


def reason(vault: Vault, reference: str) -> Reason | None:
    error = fault(vault, reference)
    return error.reason if error else None


def as_role(lab: VaultLab, policy: str, **role: str) -> dict[str, str]:
    role_id, secret_id = lab.approle(policy, **role)
    return {"ROLE_ID": role_id, "SECRET_ID": secret_id}


def tokens_alive(lab: VaultLab) -> set[str]:
    return set(lab.ask("LIST", "auth/token/accessors")["data"]["keys"])


async def test_a_field_is_read_and_its_change_arrives_by_itself(lab: VaultLab, unique: Callable[[], str]) -> None:
    name = unique()
    lab.write(f"{name}/db", password="one")
    reference = f"${{vault:secret/{name}/db#password}}"
    variables = {"TOKEN": lab.token(lab.policy(name, f"secret/data/{name}/db"))}

    async with running(lab.settings(variables), reference) as vault:
        before = vault.resolve(reference)
        lab.write(f"{name}/db", password="two")
        await until(lambda: vault.resolve(reference) == "two")

    assert before == "one"


async def test_a_store_of_version_1_is_read_with_the_same_reference(lab: VaultLab, unique: Callable[[], str]) -> None:
    mount = unique()
    lab.ask("POST", f"sys/mounts/{mount}", {"type": "kv", "options": {"version": "1"}})
    lab.ask("POST", f"{mount}/db", {"password": "one"})
    variables = {"TOKEN": lab.token(lab.policy(mount, f"{mount}/db"))}

    async with running(lab.settings(variables), f"${{vault:{mount}/db#password}}") as vault:
        assert vault.resolve(f"${{vault:{mount}/db#password}}") == "one"


async def test_what_is_wrong_with_one_reference_leaves_the_others_alone(
    lab: VaultLab, unique: Callable[[], str]
) -> None:
    name = unique()
    lab.write(f"{name}/db", password="one", number=5, empty="")
    policy = lab.policy(name, f"secret/data/{name}/db", f"secret/data/{name}/none")
    good = f"${{vault:secret/{name}/db#password}}"
    bad = {
        f"${{vault:secret/{name}/db#user}}": Reason.SECRET_NOT_FOUND,
        f"${{vault:secret/{name}/db#empty}}": Reason.SECRET_NOT_FOUND,
        f"${{vault:secret/{name}/db#number}}": Reason.SECRET_UNUSABLE,
        f"${{vault:secret/{name}/none#user}}": Reason.SECRET_NOT_FOUND,
        f"${{vault:secret/{name}/other#user}}": Reason.PERMISSION_DENIED,
        "${vault:nowhere/db#user}": Reason.PERMISSION_DENIED,
    }
    vault = Vault(lab.settings({"TOKEN": lab.token(policy)}))

    async with vault.running():
        with pytest.raises(ConnectorError) as caught:
            await vault.prefetch([good, *bad])

        assert caught.value.reason is Reason.PERMISSION_DENIED
        assert {reference: reason(vault, reference) for reference in bad} == bad
        assert vault.resolve(good) == "one"


async def test_a_secret_that_is_deleted_closes_and_one_that_is_written_again_opens(
    lab: VaultLab, unique: Callable[[], str]
) -> None:
    name = unique()
    lab.write(name, password="one")
    reference = f"${{vault:secret/{name}#password}}"
    variables = {"TOKEN": lab.token(lab.policy(name, f"secret/data/{name}"))}

    async with running(lab.settings(variables), reference) as vault:
        lab.ask("DELETE", f"secret/metadata/{name}")
        await until(lambda: reason(vault, reference) is Reason.SECRET_NOT_FOUND)
        readiness = vault.waiting()
        lab.write(name, password="two")
        await until(lambda: reason(vault, reference) is None)

        assert vault.resolve(reference) == "two"
        assert readiness == {"vault": Reason.SECRET_NOT_FOUND}
        assert vault.waiting() == {}


async def test_the_fields_of_dynamic_credentials_belong_together_and_are_renewed(
    lab: VaultLab, unique: Callable[[], str]
) -> None:
    name = unique()
    path = lab.database(name, "2s", "1h")
    user, password = f"${{vault:{path}#username}}", f"${{vault:{path}#password}}"
    settings = lab.settings(as_role(lab, lab.policy(name, path)))

    async with running(settings, user) as vault:
        await vault.prefetch([password])
        first = vault.resolve(user), vault.resolve(password)
        ended = time.monotonic() + 5
        await until(lambda: time.monotonic() > ended)

        assert (vault.resolve(user), vault.resolve(password)) == first
        assert logs_in(lab.endpoints, *first)


async def test_credentials_are_replaced_before_their_last_day_without_a_gap(
    lab: VaultLab, unique: Callable[[], str]
) -> None:
    name = unique()
    path = lab.database(name, "3s", "6s")
    user, password = f"${{vault:{path}#username}}", f"${{vault:{path}#password}}"
    seen: set[str] = set()

    async with running(lab.settings(as_role(lab, lab.policy(name, path))), user, password) as vault:
        while len(seen) < 3:
            pair = vault.resolve(user), vault.resolve(password)
            assert await asyncio.to_thread(logs_in, lab.endpoints, *pair)
            seen.add(pair[0])
            await asyncio.sleep(0.05)


async def test_a_token_that_reaches_its_maximum_is_replaced_without_a_gap(
    lab: VaultLab, unique: Callable[[], str]
) -> None:
    name = unique()
    path = lab.database(name, "1h", "2h")
    user, password = f"${{vault:{path}#username}}", f"${{vault:{path}#password}}"
    role = as_role(lab, lab.policy(name, path), token_ttl="3s", token_max_ttl="6s")
    seen: set[str] = set()

    async with running(lab.settings(role), user, password) as vault:
        while len(seen) < 3:
            pair = vault.resolve(user), vault.resolve(password)
            assert await asyncio.to_thread(logs_in, lab.endpoints, *pair)
            seen.add(pair[0])
            await asyncio.sleep(0.05)


async def test_a_sealed_vault_changes_nothing_until_a_lease_ends_and_then_mends_by_itself(
    lab: VaultLab, unique: Callable[[], str]
) -> None:
    name = unique()
    path = lab.database(name, "4s", "1h")
    lab.write(name, password="one")
    static, dynamic = f"${{vault:secret/{name}#password}}", f"${{vault:{path}#password}}"
    policy = lab.policy(name, path, f"secret/data/{name}")

    async with running(lab.settings(as_role(lab, policy)), static, dynamic) as vault:
        with lab.sealed():
            sealed_at = time.monotonic()
            within = vault.resolve(dynamic)
            await until(lambda: reason(vault, dynamic) is not None)
            lasted, error = time.monotonic() - sealed_at, fault(vault, dynamic)
            after = vault.resolve(static)
        await until(lambda: reason(vault, dynamic) is None)

        assert lasted > 0.5
        assert error is not None
        assert error.reason is Reason.SECRET_UNAVAILABLE
        assert "lease has ended" in error.message
        assert after == "one"
        assert vault.resolve(dynamic) != within or logs_in(lab.endpoints, vault.resolve(dynamic), within)


async def test_an_approle_whose_token_is_revoked_logs_in_again_and_replaces_its_credentials(
    lab: VaultLab, unique: Callable[[], str]
) -> None:
    name = unique()
    path = lab.database(name, "1h", "2h")
    user, password = f"${{vault:{path}#username}}", f"${{vault:{path}#password}}"
    before = tokens_alive(lab)

    async with running(lab.settings(as_role(lab, lab.policy(name, path))), user, password) as vault:
        first = vault.resolve(user)
        for accessor in tokens_alive(lab) - before:
            lab.ask("POST", "auth/token/revoke-accessor", {"accessor": accessor})
        await until(lambda: vault.resolve(user) != first)

        assert logs_in(lab.endpoints, vault.resolve(user), vault.resolve(password))


async def test_a_revoked_token_does_no_harm_to_what_was_read_and_its_successor_is_picked_up(
    lab: VaultLab, unique: Callable[[], str], tmp_path: Path
) -> None:
    name, file = unique(), tmp_path / "token"
    policy = lab.policy(name, f"secret/data/{name}", f"secret/data/{name}-2")
    lab.write(name, password="one")
    lab.write(f"{name}-2", password="new")
    first, later = f"${{vault:secret/{name}#password}}", f"${{vault:secret/{name}-2#password}}"
    old = lab.token(policy)
    file.write_text(old)
    settings = lab.settings({"TOKEN": "-"}, auth={"method": "token", "token": f"${{file:{file}}}"})

    async with running(settings, first) as vault:
        lab.ask("POST", "auth/token/revoke", {"token": old})
        with pytest.raises(ConnectorError) as refused:
            await vault.prefetch([later])
        meanwhile = vault.resolve(first)
        file.write_text(lab.token(policy))
        await until(lambda: reason(vault, later) is None)

        assert refused.value.reason is Reason.CREDENTIAL_REFUSED
        assert meanwhile == "one"
        assert vault.resolve(later) == "new"


async def test_a_stop_gives_back_the_credentials_and_the_tokens_of_a_role(
    lab: VaultLab, unique: Callable[[], str]
) -> None:
    name = unique()
    path = lab.database(name, "1h", "2h")
    user, password = f"${{vault:{path}#username}}", f"${{vault:{path}#password}}"
    before = tokens_alive(lab)

    async with running(lab.settings(as_role(lab, lab.policy(name, path))), user, password) as vault:
        pair = vault.resolve(user), vault.resolve(password)
        during = tokens_alive(lab)

    assert len(during - before) == 1
    await until(lambda: not tokens_alive(lab) & (during - before))
    await until(lambda: not logs_in(lab.endpoints, *pair))


async def test_a_stop_gives_back_the_leases_but_not_the_token_that_was_given(
    lab: VaultLab, unique: Callable[[], str]
) -> None:
    name = unique()
    path = lab.database(name, "1h", "2h")
    user, password = f"${{vault:{path}#username}}", f"${{vault:{path}#password}}"
    rules = {"path": {path: {"capabilities": ["read"]}, "sys/leases/revoke": {"capabilities": ["update"]}}}
    lab.ask("PUT", f"sys/policies/acl/{name}", {"policy": json.dumps(rules)})
    token = lab.token(name)

    async with running(lab.settings({"TOKEN": token}), user, password) as vault:
        pair = vault.resolve(user), vault.resolve(password)

    assert not logs_in(lab.endpoints, *pair)
    assert lab.status("GET", "auth/token/lookup-self", token=token).ok


async def test_credentials_that_nobody_needs_any_more_are_given_back_while_we_run(
    lab: VaultLab, unique: Callable[[], str]
) -> None:
    name = unique()
    path = lab.database(name, "1h", "2h")
    lab.write(name, password="one")
    user, password = f"${{vault:{path}#username}}", f"${{vault:{path}#password}}"
    kept = f"${{vault:secret/{name}#password}}"
    rules = {
        "path": {
            **{known: {"capabilities": ["read"]} for known in (path, f"secret/data/{name}")},
            "sys/leases/revoke": {"capabilities": ["update"]},
        }
    }
    lab.ask("PUT", f"sys/policies/acl/{name}", {"policy": json.dumps(rules)})

    async with running(lab.settings(as_role(lab, name)), user, password, kept) as vault:
        pair = vault.resolve(user), vault.resolve(password)
        vault.keep_only([kept])
        await until(lambda: not logs_in(lab.endpoints, *pair))

        assert vault.resolve(kept) == "one"
        assert reason(vault, user) is Reason.SECRET_UNAVAILABLE


async def test_nothing_is_asked_of_vault_but_what_is_referred_to(
    lab: VaultLab, unique: Callable[[], str], tmp_path: Path
) -> None:
    name, audit = unique(), tmp_path / "audit.log"
    lab.write(f"{name}/db", password="one")
    lab.write(f"{name}/other", password="two")
    policy = lab.policy(name, f"secret/data/{name}/*")
    reference = f"${{vault:secret/{name}/db#password}}"
    role = as_role(lab, policy)
    lab.ask("PUT", f"sys/audit/{name}", {"type": "file", "options": {"file_path": str(audit)}})

    async with running(lab.settings(role), reference, "${env:PATH}"):
        await until(lambda: audit.read_text().count(f"secret/data/{name}/db") >= 4)
    lab.ask("DELETE", f"sys/audit/{name}")

    entries = [json.loads(line) for line in audit.read_text().splitlines()]
    asked = {entry["request"]["path"] for entry in entries if entry["type"] == "response"}
    ours = asked - {f"sys/audit/{name}"}
    assert ours == {
        "auth/approle/login",
        "auth/token/lookup-self",
        "auth/token/revoke-self",
        f"sys/internal/ui/mounts/secret/{name}/db",
        f"secret/data/{name}/db",
    }


async def test_a_vault_that_was_away_at_the_start_is_found_when_it_comes(
    lab: VaultLab, unique: Callable[[], str]
) -> None:
    name = unique()
    lab.write(name, password="one")
    reference = f"${{vault:secret/{name}#password}}"
    variables = {"TOKEN": lab.token(lab.policy(name, f"secret/data/{name}"))}
    vault = Vault(lab.settings(variables))

    async with vault.running():
        with lab.sealed(), pytest.raises(ConnectorError) as caught:
            await vault.prefetch([reference])
        await until(lambda: reason(vault, reference) is None)

    assert caught.value.reason is Reason.SECRET_UNAVAILABLE
    assert "sealed" in caught.value.message
