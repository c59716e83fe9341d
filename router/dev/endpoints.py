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


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What a client needs to reach the stack."""

    bootstrap_servers: str
    registry_url: str
    postgres_host: str
    postgres_port: int
    postgres_user: str
    postgres_database: str
    postgres_password: str = field(repr=False)
