"""Which events of the same keys have come after dead letters: a replay delivers after them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from router.dlq.letters import Letter
from router.kafka.log import Bounds, read_between, topic_bounds

_First = dict[bytes, tuple[int, int]]


def newer_events(bootstrap_servers: str, letters: Iterable[Letter]) -> Mapping[bytes, int]:
    """By key, how many events stand behind its first letter in the topic where that first stood.

    Reads these topics from the first of the letters on. Blocking; raises ConnectorError.
    """
    firsts: dict[str, _First] = defaultdict(dict)
    for letter in letters:
        if letter.topic and letter.key is not None:
            place = (letter.partition, letter.offset)
            firsts[letter.topic][letter.key] = min(place, firsts[letter.topic].get(letter.key, place))
    counts: dict[bytes, int] = defaultdict(int)
    for topic, first in firsts.items():
        for record in read_between(bootstrap_servers, topic, _behind(first, topic_bounds(bootstrap_servers, topic))):
            if record.key in first and first[record.key] < (record.partition, record.offset):
                counts[record.key] += 1
    return counts


def _behind(first: _First, bounds: Mapping[int, Bounds]) -> dict[int, Bounds]:
    starts: dict[int, int] = {}
    for partition, offset in first.values():
        starts[partition] = min(offset, starts.get(partition, offset))
    return {
        partition: (max(low, starts[partition]), high)
        for partition, (low, high) in bounds.items()
        if partition in starts
    }
