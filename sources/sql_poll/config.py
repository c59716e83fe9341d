"""The settings of the SQL poll: a database, and the streams that are read from it."""

from typing import Annotated, Any, Literal, Self
from urllib.parse import quote
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from sqlalchemy import URL

from router.api import ConnectorConfig, Dataset, Secret, UserName, revealed
from sources.sql_poll.stream_config import StreamConfig

StreamName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")]
# Only those that lead to no other host and hold no secret.
Option = Literal["sslmode", "sslrootcert", "ssl_ca", "ssl_verify_cert", "ssl_verify_identity", "charset"]
_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "mssql": 1433, "oracle": 1521}


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        message = "must be the name of a time zone, such as `Europe/Berlin`"
        raise ValueError(message) from None
    return name


class SqlPollConfig(ConnectorConfig):
    """Which database is read, and how."""

    driver: str = Field(
        pattern=r"^[a-z0-9_]{1,32}(\+[a-z0-9_]{1,32})?$",
        description="The dialect and driver as SQLAlchemy names them: `postgresql+psycopg`, `sqlite`, `mysql+pymysql`.",
    )
    host: str | None = Field(
        None, pattern=r"^[A-Za-z0-9][A-Za-z0-9.:_-]{0,252}$", description="The server; none for a file of SQLite."
    )
    port: int | None = Field(None, ge=1, le=65535, description="The server's port; default: the database's own.")
    database: str = Field(min_length=1, max_length=1024, description="The database; of SQLite the absolute path.")
    user: UserName | None = Field(
        None,
        description="The user, who needs to read only; a reference where Vault makes it with the password.",
    )
    password: Secret | None = Field(None, description="The user's password.")
    options: dict[Option, str] = Field(default_factory=dict, description="Parameters of the driver, such as `sslmode`.")
    streams: dict[StreamName, StreamConfig] = Field(
        default_factory=dict,
        max_length=500,
        description="What is read, by name; without any, `discover` shows all tables.",
    )
    time_zone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="The zone of timestamp columns that have none themselves, such as `Europe/Berlin`."
    )
    batch_rows: int = Field(1000, ge=1, le=100_000, description="Rows that are fetched, and published, at once.")
    query_timeout_seconds: float = Field(
        300, ge=1, le=86_400, description="How long the database may take for each batch (PostgreSQL only)."
    )

    @property
    def dialect(self) -> str:
        """The database's kind."""
        return self.driver.partition("+")[0]

    @property
    def is_file(self) -> bool:
        """Whether the database is a file, and no server is connected to."""
        return self.dialect == "sqlite"

    def url(self) -> URL:
        """The address for SQLAlchemy. Never to be printed: it has the password."""
        if self.is_file:
            # Opened as an address, since SQLite would make a file that is missing.
            return URL.create(self.driver, database=f"file:{quote(self.database)}", query={"mode": "rw", "uri": "true"})
        password = None if self.password is None else self.password.reveal()
        return URL.create(
            self.driver,
            None if self.user is None else revealed(self.user),
            password,
            self.host,
            self.server_port,
            self.database,
            {str(name): value for name, value in self.options.items()},
        )

    @property
    def server_port(self) -> int:
        """The server's port; 0 if it is neither given nor known."""
        return self.port or _PORTS.get(self.dialect, 0)

    @model_validator(mode="before")
    @classmethod
    def _no_address(cls, values: Any) -> Any:
        for name in ("url", "dsn", "uri"):
            if isinstance(values, dict) and name in values:
                # Without the value, in which there may be a password.
                message = f"secret_literal: `{name}` could hold a password: give driver, host, port, database and user"
                raise ValueError(message)
        return values

    @model_validator(mode="after")
    def _host_or_file(self) -> Self:
        if self.is_file:
            if any((self.host, self.port, self.user, self.password, self.options)):
                message = "a file of SQLite has no host, port, user, password or options"
                raise ValueError(message)
            if not self.database.startswith("/"):
                message = "database: must be the absolute path of the file"
                raise ValueError(message)
        elif self.host is None or self.server_port == 0:
            message = "host and port: are needed for this driver"
            raise ValueError(message)
        return self


def hosts(config: SqlPollConfig) -> tuple[str, ...]:
    """The `host:port` of the server; nothing for a file."""
    if config.is_file or config.host is None:
        return ()
    host = f"[{config.host}]" if ":" in config.host else config.host
    return (f"{host}:{config.server_port}",)


def datasets(config: SqlPollConfig) -> tuple[Dataset, ...]:
    """The tables, as lineage names them; which tables a query reads is not known."""
    tables = [stream.table for stream in config.streams.values() if stream.table is not None]
    if config.is_file:
        return tuple(Dataset("file", f"{config.database}/{table}") for table in tables)
    # OpenLineage's name of the system is that of the scheme that everybody writes.
    system = "postgres" if config.dialect == "postgresql" else config.dialect
    schema = "public." if config.dialect == "postgresql" else ""
    return tuple(
        Dataset(f"{system}://{host}", f"{config.database}.{table if '.' in table else schema + table}")
        for host in hosts(config)
        for table in tables
    )
