"""How far consumer groups are behind the ends of their topics."""

from collections.abc import Collection, Mapping

from confluent_kafka import IsolationLevel, KafkaException
from confluent_kafka import TopicPartition as Offset
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # not in its list of names

from router.kafka.blocking import call_blocking
from router.kafka.clients import connection
from router.kafka.consumer import Place
from router.kafka.errors import translate
from router.kafka.groups import Groups

_TIMEOUT_SECONDS = 10
_THREAD = "kafka-lag"
_EARLIEST = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
_LATEST = OffsetSpec.latest()  # type: ignore[no-untyped-call]


class Lag:
    """Asks the brokers."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._groups = Groups(bootstrap_servers)
        self._admin = AdminClient(connection(bootstrap_servers, "con-lag"))

    async def of(self, group: str, topics: Collection[str]) -> int:
        """How many offsets of the topics stand before the group; one that has committed nothing has all before it.

        Offsets of aborted records and of transactions' markers count as well, so that it may be more than the events.
        Raises ConnectorError: BROKER_UNAVAILABLE, BROKER_TIMEOUT, PERMISSION_DENIED.
        """
        places = await self._groups.partitions(topics)
        committed = await self._groups.committed(group)
        first = await call_blocking(lambda: self._offsets(places, _EARLIEST), _THREAD)
        ends = await call_blocking(lambda: self._offsets(places, _LATEST), _THREAD)
        return sum(behind(committed.get(place), first[place], ends[place]) for place in places)

    def _offsets(self, places: Collection[Place], which: OffsetSpec) -> Mapping[Place, int]:
        try:
            answers = self._admin.list_offsets(
                {Offset(topic, partition): which for topic, partition in places},
                isolation_level=IsolationLevel.READ_COMMITTED,
                request_timeout=_TIMEOUT_SECONDS,
            )
            return {(one.topic, one.partition): future.result().offset for one, future in answers.items()}
        except KafkaException as error:
            raise translate(error, "asking where partitions begin and end") from error


def behind(committed: int | None, first: int, end: int) -> int:
    """How many offsets of a partition are still to come; those that retention has removed are not."""
    return max(0, end - max(first, committed or 0))
