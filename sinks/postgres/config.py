"""The settings of the Postgres sink."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from router.api import ConnectorConfig, Dataset, Secret, UserName, revealed

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]


class PostgresConfig(ConnectorConfig):
    """Where the table is, and how events become rows of it."""

    host: str = Field(
        pattern=r"^[A-Za-z0-9.:_-]{1,253}$", description="The server's name or address; one only, and no socket."
    )
    port: int = Field(5432, ge=1, le=65535, description="The server's port.")
    database: str = Field(min_length=1, max_length=63, description="The database.")
    user: UserName = Field(description="The role to log in as; a reference where Vault makes it with the password.")
    password: Secret = Field(description="The role's password.")
    sslmode: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = Field(
        "prefer", description="Whether to encrypt, and how much of the server's certificate to verify."
    )
    ssl_root_cert: str | None = Field(
        None, description="The file of certificates that verify-ca and verify-full trust; `system` for the system's."
    )
    table: str = Field(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?$",
        description="The table, or `schema.table`; case matters. It is created if it does not exist.",
    )
    mode: Literal["append", "upsert"] = Field(
        "append",
        description="append: a row per event, once per idempotency key. upsert: a row per key, the newest event wins; "
        "changes of a captured table replicate it, deletions included.",
    )
    key: tuple[Identifier, ...] = Field(
        (),
        max_length=32,
        description="The columns that identify a row (upsert only): those that the ordering key is made of.",
    )
    payload: Literal["json", "bytes"] = Field(
        "json", description="The type of the column `data` where an event's data is bytes: json, or bytea."
    )
    deletions_kept_hours: int = Field(
        168,
        ge=1,
        description="How long deletions of a replicated table are remembered; at least the retention of its topics.",
    )
    connections: int = Field(2, ge=1, le=32, description="How many connections a process opens at most.")
    timeout_seconds: float = Field(
        30,
        ge=1,
        le=600,
        description="When a write's connection is given up; a statement has two thirds of it, a lock one third.",
    )

    @property
    def address(self) -> str:
        """The `host:port` that the sink connects to."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def datasets(self) -> tuple[Dataset, ...]:
        """The table, as lineage names it."""
        table = self.table if "." in self.table else f"public.{self.table}"
        return (Dataset(f"postgres://{self.address}", f"{self.database}.{table}"),)

    def login(self) -> tuple[str, str]:
        """User and password as they are now. Raises ConnectorError, as Secret.reveal."""
        return revealed(self.user), self.password.reveal()

    @model_validator(mode="after")
    def _key_belongs_to_upsert(self) -> Self:
        if (self.mode == "upsert") != bool(self.key):
            message = "key: needed with mode upsert, and with that only"
            raise ValueError(message)
        if len(set(self.key)) != len(self.key):
            message = "key: names a column twice"
            raise ValueError(message)
        return self
