"""The settings of the Postgres change data capture."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from router.api import ConnectorConfig, Dataset, Secret, UserName

TableName = Annotated[str, StringConstraints(pattern=r"^[^.:\s\x00]{1,63}\.[^.:\s\x00]{1,63}$")]


class PostgresCdcConfig(ConnectorConfig):
    """Which tables of which database are followed, and with which slot."""

    host: str = Field(
        pattern=r"^[A-Za-z0-9.:_-]{1,253}$", description="The server's name or address; one only, and no socket."
    )
    port: int = Field(5432, ge=1, le=65535, description="The server's port.")
    database: str = Field(min_length=1, max_length=63, description="The database.")
    user: UserName = Field(
        description="The role to log in as, with REPLICATION; a reference where Vault makes it with the password."
    )
    password: Secret = Field(description="The role's password.")
    sslmode: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = Field(
        "prefer", description="Whether to encrypt, and how much of the server's certificate to verify."
    )
    ssl_root_cert: str | None = Field(
        None, description="The file of certificates that verify-ca and verify-full trust; `system` for the system's."
    )
    tables: tuple[TableName, ...] = Field(
        min_length=1, max_length=1000, description="The tables, each as `schema.table`; case matters."
    )
    slot: str = Field(
        pattern=r"^[a-z0-9_]{1,63}$",
        description="The replication slot, for this source alone. It is created if it does not exist.",
    )
    publication: str = Field(
        "connectors",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$",
        description="The publication. It is created with the tables if it does not exist.",
    )
    snapshot: Literal["initial", "never"] = Field(
        "initial", description="initial: first all rows that are there, then the changes. never: the changes only."
    )
    heartbeat_seconds: float | None = Field(
        None,
        ge=0.1,
        le=3600,
        description="How often a message is written to the log, so that the slot moves where little else is written.",
    )

    @property
    def address(self) -> str:
        """The `host:port` that the source connects to."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def datasets(self) -> tuple[Dataset, ...]:
        """The tables, as lineage names them."""
        return tuple(Dataset(f"postgres://{self.address}", f"{self.database}.{table}") for table in self.tables)

    @model_validator(mode="after")
    def _tables_differ(self) -> Self:
        if len(set(self.tables)) != len(self.tables):
            message = "tables: names a table twice"
            raise ValueError(message)
        return self
