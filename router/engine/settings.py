"""What distinguishes one engine from another."""

from dataclasses import dataclass

from router.config.names import plain_name


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """An engine: its name, where the brokers and the registry are, and how much it remembers.

    name: the consumer group, and with `.dlq` the topic of dead letters. bootstrap_servers: `host:port`, several with
    commas. remember_keys, remember_seconds: an event whose idempotency key is among so many of the newest that were
    handled in a partition, within so long, is not handled again. drain_seconds: how long the handler that is at work
    may take to finish at a stop. replication_factor, min_insync_replicas: of the topics that are made for the engine.
    Raises ValueError if the name cannot be part of a topic's.
    """

    name: str
    bootstrap_servers: str
    registry_url: str
    remember_keys: int = 100_000
    remember_seconds: float = 86_400
    drain_seconds: float = 5.0
    replication_factor: int = 1
    min_insync_replicas: int = 1

    def __post_init__(self) -> None:
        plain_name(self.name)

    @property
    def dead_letter_topic(self) -> str:
        """Where the events go that the engine's handlers cannot handle."""
        return f"{self.name}.dlq"
