"""What becomes of a chunk follows from the error's action alone."""

import pytest

from router.api import ConnectorError, Reason, RecordsRefusedError, Schema, Sink
from router.delivery.writer import Item, Writer, chunks
from router.testing import PositionedScriptedSink, ScriptedSink
from tests.unit.delivery.doubles import PARTITION, Refusals, Watch, chunk, event, record, terms


def failure(reason: Reason) -> ConnectorError:
    return ConnectorError(reason, "as the script says")


def writer(sink: Sink, refusals: Refusals, watch: Watch, give_up_after_seconds: float = 0.0) -> Writer:
    return Writer(sink, PARTITION, refusals, terms(watch, give_up_after_seconds))


def offsets(sink: ScriptedSink) -> list[int]:
    return [accepted.version for accepted in sink.accepted]


async def test_a_chunk_is_written_once_with_its_offsets() -> None:
    sink, watch = ScriptedSink([2]), Watch()

    await writer(sink, Refusals(), watch).write(chunk(5, 7, first=4, following=9))

    assert [(batch.first_offset, batch.next_offset) for batch in sink.batches] == [(4, 9)]
    assert (watch.delivered_events, watch.duplicates) == (2, 2)


@pytest.mark.parametrize("reason", [Reason.TARGET_UNREACHABLE, Reason.RATE_LIMITED, Reason.CREDENTIAL_REFUSED])
async def test_a_failure_of_the_target_is_repeated_and_never_dead_lettered(reason: Reason) -> None:
    sink, refusals, watch = ScriptedSink([failure(reason)] * 5), Refusals(), Watch()

    await writer(sink, refusals, watch).write(chunk(1, 2))

    assert offsets(sink) == [1, 2]
    assert refusals.letters == []
    assert watch.failures == [reason] * 5


@pytest.mark.parametrize("poison", [[1], [8], [3, 4], list(range(1, 9))])
async def test_exactly_the_poison_is_dead_lettered_and_the_rest_keeps_its_order(poison: list[int]) -> None:
    sink, refusals = ScriptedSink(poison=[f"e{number}" for number in poison]), Refusals()

    await writer(sink, refusals, Watch()).write(chunk(*range(1, 9)))

    assert offsets(sink) == [number for number in range(1, 9) if number not in poison]
    assert [letter[0] for letter in refusals.letters] == poison


async def test_a_position_moves_past_poison_without_a_gap() -> None:
    sink = PositionedScriptedSink(poison=["e3", "e8"], position=1)

    await writer(sink, Refusals(), Watch()).write(chunk(*range(1, 9), first=1, following=12))

    assert sink.position == 12
    assert offsets(sink) == [1, 2, 4, 5, 6, 7]


async def test_records_that_the_sink_names_are_not_searched_for() -> None:
    refused = RecordsRefusedError({1: failure(Reason.PAYLOAD_MALFORMED)})
    sink, refusals = ScriptedSink([refused]), Refusals()

    await writer(sink, refusals, Watch()).write(chunk(1, 2, 3))

    assert offsets(sink) == [1, 3]
    assert refusals.letters == [(2, "TASK_PUT", Reason.PAYLOAD_MALFORMED)]
    assert len(sink.batches) == 1


async def test_what_the_target_has_already_counts_as_a_duplicate() -> None:
    sink, refusals, watch = ScriptedSink([failure(Reason.ALREADY_PROCESSED)]), Refusals(), Watch()

    await writer(sink, refusals, watch).write(chunk(1))

    assert refusals.letters == []
    assert (watch.delivered_events, watch.duplicates) == (1, 1)


async def test_a_missing_target_is_dead_lettered_only_after_the_limit() -> None:
    sink, refusals = ScriptedSink([failure(Reason.TARGET_MISSING)] * 3), Refusals()
    gives_up = ScriptedSink([failure(Reason.TARGET_MISSING)])

    await writer(sink, refusals, Watch(), give_up_after_seconds=60).write(chunk(1))
    await writer(gives_up, refusals, Watch()).write(chunk(2))

    assert offsets(sink) == [1]
    assert refusals.letters == [(2, "TASK_PUT", Reason.TARGET_MISSING)]


@pytest.mark.parametrize("reason", [Reason.INTERNAL_BUG, Reason.TABLE_MISMATCH])
async def test_what_waiting_does_not_mend_is_raised(reason: Reason) -> None:
    refusals = Refusals()

    with pytest.raises(ConnectorError) as raised:
        await writer(ScriptedSink([failure(reason)]), refusals, Watch()).write(chunk(1, 2))

    assert raised.value.reason is reason
    assert refusals.letters == []


async def test_an_unforeseen_error_is_neither_repeated_nor_swallowed() -> None:
    sink = ScriptedSink([KeyError("unforeseen")])

    with pytest.raises(KeyError):
        await writer(sink, Refusals(), Watch()).write(chunk(1))

    assert sink.accepted == []


async def test_an_unknown_outcome_goes_back_to_the_position() -> None:
    sink = PositionedScriptedSink([failure(Reason.SINK_OUTCOME_UNKNOWN)], position=1)

    with pytest.raises(ConnectorError) as raised:
        await writer(sink, Refusals(), Watch()).write(chunk(1))

    assert raised.value.reason is Reason.SINK_OUTCOME_UNKNOWN


async def test_a_sink_that_blames_nobody_does_not_loop() -> None:
    with pytest.raises(ConnectorError) as raised:
        await writer(ScriptedSink([RecordsRefusedError({})]), Refusals(), Watch()).write(chunk(1))

    assert raised.value.reason is Reason.INTERNAL_BUG


def test_chunks_have_one_schema_and_touch_each_other() -> None:
    one, other = Schema({"type": "string"}), Schema({"type": "long"})
    items = [(Item(record(offset), event(offset)), schema) for offset, schema in [(3, one), (5, one), (8, other)]]

    made = list(chunks(items, 2, 11))

    assert [(part.first_offset, part.next_offset, len(part.items), part.schema) for part in made] == [
        (2, 8, 2, one),
        (8, 11, 1, other),
    ]


def test_a_range_without_events_is_still_covered() -> None:
    (only,) = chunks([], 2, 11)

    assert (only.items, only.first_offset, only.next_offset) == ((), 2, 11)
