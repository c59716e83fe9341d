"""The topics of an engine: those it reads, and those that are made for it."""

from collections import Counter
from collections.abc import Mapping, Sequence

from router.api import ConnectorError, Reason
from router.engine.settings import EngineSettings
from router.kafka.groups import Groups
from router.kafka.topics import Topics, TopicSpec


def handled_table(topic: str) -> str:
    """The name of the table of what has been handled of a topic."""
    return f"{topic}-handled"


def changelog_topic(application: str, table: str) -> str:
    """The topic in which Faust keeps a table; the name is Faust's."""
    return f"{application}-{table}-changelog"


def dead_letters(settings: EngineSettings) -> dict[str, TopicSpec]:
    """The topic of dead letters, which are kept for ever."""
    return {settings.dead_letter_topic: TopicSpec(1, settings.replication_factor, settings.min_insync_replicas, None)}


async def prepare(settings: EngineSettings, topics: Sequence[str]) -> Mapping[str, int]:
    """Make what is missing of the engine's own topics; returns how many partitions each topic has that it reads.

    Raises ConnectorError: TARGET_MISSING if one does not exist, CONFIG_INVALID if its partitions are not what they
    were; and what the brokers say.
    """
    changelogs = {topic: changelog_topic(settings.name, handled_table(topic)) for topic in topics}
    places = await Groups(settings.bootstrap_servers).partitions([*topics, *changelogs.values()])
    counts = Counter(topic for topic, _ in places)
    for topic, changelog in changelogs.items():
        if not counts[topic]:
            raise ConnectorError(Reason.TARGET_MISSING, f"The topic {topic} does not exist yet.")
        if counts[changelog] not in (0, counts[topic]):
            message = f"{topic} has {counts[topic]} partitions, and {changelog} {counts[changelog]}."
            raise ConnectorError(Reason.CONFIG_INVALID, message, fix="Give the engine a new name.")
    copies = settings.replication_factor, settings.min_insync_replicas
    specs = {log: TopicSpec(counts[topic], *copies, None, compact=True) for topic, log in changelogs.items()}
    await Topics(settings.bootstrap_servers).ensure(dead_letters(settings) | specs)
    return {topic: counts[topic] for topic in topics}
