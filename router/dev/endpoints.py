"""Where the embedded stack listens, and what a client needs to reach it."""

from dataclasses import dataclass, field

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ports:
    """The TCP ports of the stack, all on loopback. kafka_controller: Kafka's own quorum, of no use to clients."""

    kafka: int = 9092
    registry: int = 8081
    postgres: int = 5432
    kafka_controller: int = 9093
    vault: int = 8200


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What a client needs to reach the stack. vault_address: empty unless the stack has a Vault."""

    bootstrap_servers: str
    registry_url: str
    postgres_host: str
    postgres_port: int
    postgres_user: str
    postgres_database: str
    postgres_password: str = field(repr=False)
    vault_address: str = ""
    vault_token: str = field(default="", repr=False)
