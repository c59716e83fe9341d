"""The Postgres sink with credentials that Vault makes, replaces and drops while events flow."""

import asyncio
from collections.abc import Callable

from router.config.environment import environment
from router.config.secrets import SecretStore
from router.security.vault import Vault
from sinks.postgres.config import PostgresConfig
from sinks.postgres.sink import open_sink
from tests.integration.postgres_sinks import Database
from tests.integration.vault_lab import VaultLab
from tests.unit.sinks.examples import PARTITION, batch, event


async def test_no_event_is_lost_or_refused_while_vault_replaces_the_role_under_the_sink(
    vault_lab: VaultLab, unique: Callable[[], str]
) -> None:
    table = unique()
    owner = vault_lab.endpoints.postgres_user
    path = vault_lab.database(table, "3s", "6s", owner)
    role_id, secret_id = vault_lab.approle(vault_lab.policy(table, path))
    store, users = SecretStore(environment({})), set[str]()
    vault = Vault(vault_lab.settings({"ROLE_ID": role_id, "SECRET_ID": secret_id}))
    store.attach(vault)
    user, password = f"${{vault:{path}#username}}", f"${{vault:{path}#password}}"
    settings = {
        "host": vault_lab.endpoints.postgres_host,
        "port": vault_lab.endpoints.postgres_port,
        "database": vault_lab.endpoints.postgres_database,
        "user": user,
        "password": password,
        "table": table,
    }
    config = PostgresConfig.model_validate(settings, context={"resolve": store.resolve})
    written = 0

    async with vault.running():
        await vault.prefetch([user, password])
        async with open_sink(config, table) as sink:
            await sink.claim(PARTITION)
            while len(users) < 4:
                assert await sink.write(batch([event(written)], written)) == 0
                written += 1
                users.add(store.resolve(user))
                await asyncio.sleep(0.05)
    database = Database(vault_lab.endpoints)
    rows = database.count(table)
    database.close()

    assert rows == written
    assert written > 50
