"""What keeps events in the spool is said, never only waited for."""

import asyncio
from pathlib import Path

import pytest

from router.api import ConnectorError, Reason
from router.config.models import IngressSettings
from router.config.spool import SpoolSettings
from router.kafka.producer import AsyncProducer, Message
from router.observability.metrics import REGISTRY
from router.runtime.draining import rounds
from router.runtime.spooling import open_spooling

_NOBODY = {"bootstrap.servers": "127.0.0.1:1", "log_level": 0}


def blocked() -> float:
    return REGISTRY.get_sample_value("con_spool_errors_total", {"reason": "blocked"}) or 0


@pytest.mark.parametrize(
    "failure",
    [ConnectorError(Reason.PERMISSION_DENIED, "The user may not create topics."), RuntimeError("a bug")],
    ids=["denied", "bug"],
)
async def test_what_waiting_does_not_mend_is_named_counted_and_tried_again(tmp_path: Path, failure: Exception) -> None:
    failures = [failure]
    attempts = asyncio.Queue[None]()
    goes_on = asyncio.Event()

    async def prepare() -> None:
        attempts.put_nowait(None)
        if failures:
            raise failures.pop()
        await goes_on.wait()

    before = blocked()
    settings = IngressSettings(spool=SpoolSettings(directory=str(tmp_path)))
    async with open_spooling(settings, {}) as spooling, AsyncProducer(_NOBODY) as producer:
        assert spooling.waiting() == {}
        async with spooling.draining(producer, prepare):
            await attempts.get()
            await attempts.get()
            named = spooling.waiting()
            goes_on.set()
            async with asyncio.timeout(10):
                while spooling.waiting():  # noqa: ASYNC110  it has no event to wait for
                    await asyncio.sleep(0.01)

    reason = failure.reason if isinstance(failure, ConnectorError) else Reason.INTERNAL_BUG
    assert named == {"brokers": f"{reason}: spooled events cannot be published"}
    assert blocked() == before + 1


def test_a_round_has_no_two_messages_of_a_key_and_keeps_each_key_in_order() -> None:
    keys = [b"a", b"b", b"a", None, b"a", b"b", None]
    messages = [Message("t", key, b"%d" % number, []) for number, key in enumerate(keys)]
    other = Message("u", b"a", b"other topic", [])

    split = rounds([*messages, other])

    values = [[message.value for message in group] for group in split]
    assert values == [[b"0", b"1", b"3", b"6", b"other topic"], [b"2", b"5"], [b"4"]]
