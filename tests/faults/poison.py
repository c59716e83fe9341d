"""One event in a hundred is poison: exactly those become dead letters, and the others do not suffer."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from router.envelope.registry import Registry
from router.kafka.clients import producer as producer_settings
from router.kafka.consumer import Consumed
from router.kafka.log import read_topic
from router.kafka.producer import AsyncProducer, Message
from tests.faults.checker import check
from tests.faults.events import Place, body, digest, identity, ordering_key
from tests.faults.load import KEYS
from tests.faults.pipeline import Pipeline, pipeline
from tests.faults.report import Outcome, outcome
from tests.faults.scenario import Setting
from tests.faults.venom import VENOMS, Cook

_ONE_IN = 100
_PRODUCED_AT_ONCE = 5_000
_KIND = "x-poison"


@dataclass(slots=True)
class Menu:
    """What is to be produced: the digests of the good events, and all messages in order."""

    good: dict[Place, bytes]
    messages: list[Message]
    poisoned: int = 0


async def poison(setting: Setting) -> Outcome:
    """All events are in the topic before the worker starts, so that good and bad ones share batches."""
    with pipeline(setting.stack, setting.run, setting.directory) as line:
        line.ingress.start()  # it makes the topic
        await line.listening()
        menu = await _produce(line, setting)
        line.worker.start()
        seconds = await line.settled()
        verdict = await asyncio.to_thread(lambda: check(menu.good, menu.good.keys(), line.table.delivered()))
        servers = line.endpoints.bootstrap_servers
        poisons, letters = await asyncio.to_thread(
            lambda: (
                [record for record in read_topic(servers, line.topic) if _KIND in dict(record.headers)],
                list(read_topic(servers, line.dead_letter_topic)),
            )
        )
        problems = compare(poisons, letters)
        if len(poisons) != menu.poisoned:
            problems.append(f"{len(poisons)} of {menu.poisoned} poisonous records are in the topic.")
    return outcome(
        "poison",
        setting.seed,
        events=len(menu.messages),
        faults=menu.poisoned,
        verdict=verdict,
        recoveries=[seconds],
        problems=problems,
    )


def compare(poisons: Sequence[Consumed], letters: Sequence[Consumed]) -> list[str]:
    """What is wrong with the dead letters of these records: each must have one, and nothing else may."""
    problems = []
    by_origin: dict[tuple[str, str, str], list[Consumed]] = {}
    for letter in letters:
        headers = _texts(letter)
        origin = tuple([headers.get(f"con.err.{name}", "") for name in ("topic", "partition", "offset")])
        by_origin.setdefault((origin[0], origin[1], origin[2]), []).append(letter)
    for record in poisons:
        found = by_origin.pop((record.topic, str(record.partition), str(record.offset)), [])
        where = f"{_texts(record)[_KIND]} at {record.topic}-{record.partition}:{record.offset}"
        if len(found) != 1:
            problems.append(f"{where} has {len(found)} dead letters.")
        problems += [f"{where}: {problem}" for letter in found for problem in _differences(record, letter)]
    problems += [f"A dead letter of {':'.join(origin)}, which was no poison." for origin in by_origin]
    return problems


def _differences(record: Consumed, letter: Consumed) -> list[str]:
    headers = _texts(letter)
    expected = VENOMS[_texts(record)[_KIND]].reason
    problems = []
    if headers.get("con.err.reason") != expected:
        problems.append(f"the reason is {headers.get('con.err.reason')}, not {expected}.")
    if (letter.key, letter.value) != (record.key, record.value):
        problems.append("key or value were changed.")
    if letter.headers[: len(record.headers)] != record.headers:
        problems.append("the headers were changed.")
    if headers.get("con.err.attempt") != "1" or not headers.get("con.err.message"):
        problems.append("the attempt or the message is missing.")
    return problems


def _texts(record: Consumed) -> Mapping[str, str]:
    return {name: value.decode() if isinstance(value, bytes) else value or "" for name, value in record.headers}


async def _produce(line: Pipeline, setting: Setting) -> Menu:
    servers = line.endpoints.bootstrap_servers
    with Registry(line.endpoints.registry_url) as registry:
        cook = Cook(setting.run, await registry.encoder(line.topic, None))
        menu = _menu(cook, setting)
        async with AsyncProducer(producer_settings(servers, "faults")) as producer:
            for start in range(0, len(menu.messages), _PRODUCED_AT_ONCE):
                await producer.send(
                    [message._replace(topic=line.topic) for message in menu.messages[start : start + _PRODUCED_AT_ONCE]]
                )
    return menu


def _menu(cook: Cook, setting: Setting) -> Menu:
    """In each hundred events one, at random, is poison; the kinds take turns, the keys are random."""
    chance = setting.randomness()
    kinds = list(VENOMS)
    menu = Menu({}, [])
    following = [0] * KEYS
    unlucky = 0
    for number in range(setting.poisoned):
        if number % _ONE_IN == 0:
            unlucky = number + chance.randrange(_ONE_IN)
        key = chance.randrange(KEYS)
        place = Place(key, following[key])
        following[key] += 1
        headers: list[tuple[str, str | bytes | None]] = [("ce_id", identity(cook.run, place).encode())]
        if number == unlucky:
            kind = kinds[menu.poisoned % len(kinds)]
            value = VENOMS[kind].make(cook, place)
            headers.append((_KIND, kind.encode()))
            menu.poisoned += 1
        else:
            value = cook.envelope(place)
            menu.good[place] = digest(body(cook.run, place))
        menu.messages.append(Message("", ordering_key(place).encode(), value, headers))
    return menu
