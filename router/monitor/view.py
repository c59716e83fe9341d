"""What the monitor shows of each connector, and reading it from its topic."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from router.config.names import monitor_topic
from router.kafka.blocking import call_blocking
from router.kafka.consumer import Consumed
from router.kafka.log import read_topic
from router.monitor.facts import Kind


@dataclass(frozen=True, slots=True)
class ConnectorFlow:
    """One connector at one moment.

    at: when the monitor has said so, in seconds since the epoch, as event_at and checkpoint_at. processes: how many
    have reported within the last half minute. state: of the worst task. freshness_seconds: since the newest event or
    checkpoint; None if there has been none. lag: events that are in the sink's topics and not yet acknowledged; None
    for sources and where the brokers did not say. events_per_second: over the last minute, and the last five.
    errors_per_minute: over the last five minutes. counters, reasons: since the monitor first ran, by what happened.
    """

    connector: str
    kind: Kind
    at: float
    processes: int
    state: str
    events_per_second: float
    events_per_second_5m: float
    errors_per_minute: float
    freshness_seconds: float | None
    event_at: float | None
    checkpoint_at: float | None
    lag: int | None
    counters: Mapping[str, int]
    reasons: Mapping[str, Mapping[str, int]]

    def value(self) -> bytes:
        """As JSON."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()


async def read_view(bootstrap_servers: str, pipeline: str) -> Mapping[str, ConnectorFlow]:
    """What the monitor said last, by connector; empty if it has never run. Raises ConnectorError."""
    return await call_blocking(
        lambda: fold_view(read_topic(bootstrap_servers, monitor_topic(pipeline))), "kafka-monitor"
    )


def fold_view(records: Iterable[Consumed]) -> dict[str, ConnectorFlow]:
    """The last value of each key."""
    flows: dict[str, ConnectorFlow] = {}
    for record in records:
        name = (record.key or b"").decode()
        flows.pop(name, None)
        if record.value is not None:
            flows[name] = ConnectorFlow(**json.loads(record.value))
    return flows
