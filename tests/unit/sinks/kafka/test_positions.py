"""The names and records of positions, and what a topic takes."""

from dataclasses import replace

import pytest

from sinks.kafka.limits import Limits, limits
from sinks.kafka.positions import Slot, position, positions_topic, transactional_id
from tests.unit.sinks.examples import PARTITION

OTHERS = [
    replace(PARTITION, partition=1),
    replace(PARTITION, topic_id="another-topic-id"),
    replace(PARTITION, cluster_id="another-cluster"),
]


def test_a_position_is_read_as_it_was_written() -> None:
    assert position(Slot("s.positions", PARTITION).value(2**53 + 1)) == 2**53 + 1


@pytest.mark.parametrize("value", [b"", b"no json", b"12", b"{}", b'{"position": "12"}', b"\xff", b'{"position": 1.5}'])
def test_what_is_no_position_is_refused(value: bytes) -> None:
    with pytest.raises(ValueError, match="holds no position"):
        position(value)


def test_every_partition_has_a_key_and_a_transactional_id_of_its_own() -> None:
    all_of_them = [PARTITION, *OTHERS]

    assert len({Slot("s.positions", one).key for one in all_of_them}) == 4
    assert len({transactional_id("s", one) for one in all_of_them}) == 4
    assert transactional_id("s", PARTITION) != transactional_id("s-two", PARTITION)
    assert positions_topic("s") != positions_topic("s-two")


def test_a_topic_that_is_renamed_in_name_only_keeps_its_position() -> None:
    renamed = replace(PARTITION, topic="another-name")

    assert Slot("s.positions", renamed).key == Slot("s.positions", PARTITION).key


@pytest.mark.parametrize(
    ("changes", "kept_ms"),
    [
        ({}, 1_000),
        ({"retention.ms": "-1"}, None),
        ({"cleanup.policy": "compact"}, None),
        ({"cleanup.policy": "compact,delete"}, 1_000),
        ({"message.timestamp.before.max.ms": "500"}, 500),
        ({"message.timestamp.before.max.ms": "9223372036854775807"}, 1_000),
        ({"cleanup.policy": "compact", "message.timestamp.before.max.ms": "500"}, 500),
    ],
)
def test_records_may_be_as_old_as_the_topic_keeps_and_takes_them(changes: dict[str, str], kept_ms: int | None) -> None:
    settings = {"cleanup.policy": "delete", "retention.ms": "1000", "max.message.bytes": "1048588"}

    assert limits(settings | changes) == Limits(1_048_588, kept_ms)
