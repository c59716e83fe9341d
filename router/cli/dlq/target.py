"""Where dead letters are put back to, and what a plan depends on there."""

from dataclasses import dataclass
from importlib.metadata import version as installed_version

from router.api import ConnectorError, Reason
from router.cli.dlq.queue import Queue, sink_queue
from router.config.loaded import Loaded
from router.dlq.plan import settings_digest


@dataclass(frozen=True, slots=True)
class Target:
    """A topic. sink: whose replay topic it is; None for a topic that everybody reads.

    keys: the topic of the keys that were delivered there. settings: a digest of how it is configured.
    """

    topic: str
    sink: Queue | None
    settings: str

    @property
    def as_new(self) -> bool:
        """Whether records come there like any other."""
        return self.sink is None

    @property
    def keys(self) -> str | None:
        """The topic of the idempotency keys that the sink has accepted."""
        return None if self.sink is None else self.sink.keys


def target_of(loaded: Loaded, queue: Queue, to_topic: str | None, to_sink: str | None) -> Target:
    """The target that is meant: the sink that refused the letters, if nothing else is said.

    Raises ConnectorError (USAGE).
    """
    if to_topic is not None and to_sink is not None:
        raise ConnectorError(Reason.USAGE, "--to-topic and --to-sink were given.", fix="Give one of them.")
    if to_topic is None:
        sink = queue if to_sink is None else sink_queue(loaded, to_sink)
        versions = (_version(), loaded.sinks[sink.owner].connector.version)
        configured = loaded.pipeline.sinks[sink.owner].model_dump(mode="json")
        return Target(sink.replay, sink, settings_digest(*versions, configured))
    known = {topic for sink in loaded.pipeline.sinks.values() for topic in sink.topics}
    if to_topic not in known:
        message = f"No sink of the configuration reads the topic {to_topic!r}."
        raise ConnectorError(Reason.USAGE, message, fix=f"Use one of {', '.join(sorted(known))}.")
    return Target(to_topic, None, settings_digest(_version()))


def _version() -> str:
    return installed_version("northfield-con")
