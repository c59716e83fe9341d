"""The memory of accepted keys in front of the producer."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from router.api import ConnectorError, Reason, Record
from router.ingress.seen import KeysReusedError, Once, SeenKeys


@dataclass
class Log:
    """What was published; publishing waits for the gate, and fails as the script says."""

    published: list[str] = field(default_factory=list)
    errors: list[ConnectorError] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    repeated: int = 0

    async def publish(self, records: Sequence[Record], traceparent: str) -> None:
        assert traceparent == "t"
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        self.published += [record.id for record in records]

    def deduplicated(self, events: int) -> None:
        self.repeated += events


def once(log: Log, keys: SeenKeys | None = None, endpoint: str = "a") -> Once:
    return Once(endpoint, None, keys or SeenKeys(), log.publish, log.deduplicated)


def record(number: int, data: Any = b"{}", **more: Any) -> Record:
    return Record(id=str(number), type="t", data=data, **more)


@pytest.fixture
async def log() -> Log:
    made = Log()
    made.gate.set()
    return made


async def test_a_thousand_concurrent_requests_with_one_id_publish_once(log: Log) -> None:
    log.gate.clear()
    one = once(log)
    tasks = [asyncio.create_task(one.publish([record(1)], "t")) for _ in range(1_000)]
    await asyncio.sleep(0)

    log.gate.set()
    await asyncio.gather(*tasks)

    assert (log.published, log.repeated) == (["1"], 999)


async def test_those_who_wait_fail_as_the_first_does_and_the_key_is_forgotten(log: Log) -> None:
    log.gate.clear()
    log.errors = [ConnectorError(Reason.BROKER_TIMEOUT, "away")]
    one = once(log)
    tasks = [asyncio.create_task(one.publish([record(1)], "t")) for _ in range(3)]
    await asyncio.sleep(0)

    log.gate.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    await one.publish([record(1)], "t")

    assert [getattr(outcome, "reason", None) for outcome in outcomes] == [Reason.BROKER_TIMEOUT] * 3
    assert log.published == ["1"]


async def test_a_waiting_request_that_is_ended_harms_nobody(log: Log) -> None:
    log.gate.clear()
    one = once(log)
    first, second, third = [asyncio.create_task(one.publish([record(1)], "t")) for _ in range(3)]
    await asyncio.sleep(0)

    second.cancel()
    await asyncio.wait({second})
    log.gate.set()
    await asyncio.gather(first, third)

    assert log.published == ["1"]


async def test_when_the_first_request_is_ended_the_others_are_told_to_come_again(log: Log) -> None:
    log.gate.clear()
    one = once(log)
    first, second = [asyncio.create_task(one.publish([record(1)], "t")) for _ in range(2)]
    await asyncio.sleep(0)

    first.cancel()
    with pytest.raises(ConnectorError) as caught:
        await second
    log.gate.set()
    await one.publish([record(1)], "t")

    assert caught.value.spec.http_status == 503
    assert log.published == ["1"]


async def test_a_key_with_another_body_is_refused_while_it_is_under_way_and_afterwards(log: Log) -> None:
    log.gate.clear()
    one = once(log)
    first = asyncio.create_task(one.publish([record(1)], "t"))
    await asyncio.sleep(0)

    with pytest.raises(KeysReusedError):
        await one.publish([record(1, b"other")], "t")
    log.gate.set()
    await first
    with pytest.raises(KeysReusedError) as caught:
        await one.publish([record(1, b"other")], "t")

    assert (caught.value.reason, caught.value.spec.http_status) == (Reason.KEY_REUSED, 409)
    assert log.published == ["1"]


async def test_a_batch_is_published_as_a_whole_or_not_at_all(log: Log) -> None:
    one = once(log)
    await one.publish([record(1)], "t")

    with pytest.raises(KeysReusedError) as caught:
        await one.publish([record(2), record(1, b"other"), record(3)], "t")
    await one.publish([record(2), record(1), record(2), record(3)], "t")

    assert caught.value.indexes == [1]
    assert (log.published, log.repeated) == (["1", "2", "3"], 2)


async def test_a_batch_that_uses_a_key_for_two_bodies_keeps_the_first_only(log: Log) -> None:
    with pytest.raises(KeysReusedError) as caught:
        await once(log).publish([record(1), record(1, b"other"), record(1)], "t")

    assert (caught.value.indexes, log.published) == ([1], [])


async def test_tenants_endpoints_and_lookalike_ids_are_independent(log: Log) -> None:
    keys = SeenKeys()
    ids = ["", "a", "A", "é", "e\u0301", "1\na", "x" * 10_000_000, "\udcff"]
    records = [record(1)._replace(id=one, tenant=tenant) for one in ids for tenant in (None, "t", "t1")]

    await once(log, keys).publish(records, "t")
    await once(log, keys, "b").publish(records, "t")

    assert len(log.published) == 2 * len(records)


async def test_rows_are_not_looked_at(log: Log) -> None:
    one = once(log)

    await one.publish([record(1, {"a": 1})], "t")
    await one.publish([record(1, {"a": 2})], "t")

    assert log.published == ["1", "1"]


async def test_the_memory_is_bounded_and_keeps_the_newest(log: Log) -> None:
    keys = SeenKeys(100)
    one = once(log, keys)

    for number in range(1_000):
        await one.publish([record(number)], "t")
    await one.publish([record(number) for number in range(950, 1_000)], "t")

    assert len(keys) <= 100
    assert len(log.published) == 1_000
