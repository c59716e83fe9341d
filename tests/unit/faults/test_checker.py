"""The checker of the fault harness is itself proven: one fault among 100,000 events is found, wherever it is."""

from collections.abc import Callable, Iterator
from random import Random

import pytest

from tests.faults.checker import Verdict, check, surplus
from tests.faults.events import Place

ROUNDS = 100
Delivered = list[tuple[Place, bytes]]


def randomness(seed: int) -> Random:
    return Random(seed)  # noqa: S311  nothing secret


def history(events: int, keys: int, chance: Random) -> Delivered:
    """Events of many keys, each key's in order, as a sink would have them."""
    following = [0] * keys
    delivered = []
    for number in range(events):
        key = chance.randrange(keys)
        delivered.append((Place(key, following[key]), number.to_bytes(8, "big")))
        following[key] += 1
    return delivered


def judge(sent: Delivered, arrived: Delivered) -> Verdict:
    offered = dict(sent)
    return check(offered, offered.keys(), arrived)


def drop(arrived: Delivered, at: int) -> Place:
    return arrived.pop(at)[0]


def double(arrived: Delivered, at: int) -> Place:
    """The second copy arrives some time after the first."""
    arrived.insert(at + 1 + (len(arrived) - at) // 2, arrived[at])
    return arrived[at][0]


def swap(arrived: Delivered, at: int) -> Place:
    """With the next event of the same key, which is not the next event."""
    place = arrived[at][0]
    other = next(index for index, (found, _) in enumerate(arrived) if found == Place(place.key, place.seq + 1))
    arrived[at], arrived[other] = arrived[other], arrived[at]
    return place


def corrupt(arrived: Delivered, at: int) -> Place:
    place, content = arrived[at]
    arrived[at] = (place, bytes([content[0] ^ 1]) + content[1:])
    return place


INJECTIONS: dict[str, Callable[[Delivered, int], Place]] = {
    "lost": drop,
    "duplicated": double,
    "reordered": swap,
    "corrupted": corrupt,
}


def found(verdict: Verdict) -> dict[str, list[Place]]:
    return {name: getattr(verdict, name) for name in INJECTIONS}


def one_of_each(size: int, chance: Random) -> Iterator[tuple[str, int]]:
    """A place for each kind of fault, each in a part of the history of its own; the last first, as places shift."""
    part = size // len(INJECTIONS)
    for number, name in reversed(list(enumerate(INJECTIONS))):
        yield name, number * part + chance.randrange(part // 2)


def test_one_fault_of_each_kind_in_100_000_events_is_found_each_of_100_times() -> None:
    chance = randomness(1)
    sent = history(100_000, 400, chance)
    offered = dict(sent)

    for _ in range(ROUNDS):
        arrived = list(sent)
        injected = {name: [INJECTIONS[name](arrived, at)] for name, at in one_of_each(len(sent), chance)}
        assert found(check(offered, offered, arrived)) == injected


@pytest.mark.parametrize("name", INJECTIONS)
def test_one_fault_alone_is_found_as_what_it_is_and_as_nothing_else(name: str) -> None:
    chance = randomness(2)

    for _ in range(ROUNDS):
        sent = history(1_000, 20, chance)
        arrived = list(sent)
        place = INJECTIONS[name](arrived, chance.randrange(500))
        assert found(judge(sent, arrived)) == {kind: [place] if kind == name else [] for kind in INJECTIONS}


def test_a_history_without_faults_is_clean() -> None:
    sent = history(1_000, 20, randomness(3))

    verdict = judge(sent, sent)

    assert verdict.is_clean


def test_the_last_event_of_all_is_missed() -> None:
    sent = history(1_000, 20, randomness(4))

    verdict = judge(sent, sent[:-1])

    assert verdict.lost == [sent[-1][0]]


def test_what_was_not_accepted_may_arrive_or_not_but_once() -> None:
    maybe = (Place(0, 0), b"maybe")

    verdicts = [check(dict([maybe]), [], arrived) for arrived in ([], [maybe], [maybe, maybe])]

    assert [verdict.is_clean for verdict in verdicts] == [True, True, False]


def test_what_was_never_sent_is_corruption() -> None:
    verdict = check({}, [], [(Place(0, 0), b"")])

    assert verdict.corrupted == [Place(0, 0)]


def test_a_dead_letter_accounts_for_an_event_once() -> None:
    sent = {Place(0, number): b"" for number in range(3)}

    verdict = check(sent, sent, [(Place(0, 0), b"")], [Place(0, 1), Place(0, 0)])

    assert (verdict.lost, verdict.duplicated) == ([Place(0, 2)], [Place(0, 0)])


def test_a_record_that_the_sink_was_given_more_often_than_the_log_has_it_is_counted() -> None:
    assert surplus(["a", "b", "b", "b", "c", "d"], ["a", "b", "b", "c"]) == 2
