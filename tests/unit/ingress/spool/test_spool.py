"""What the spool of a process promises, on real files."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.api import ConnectorError, Reason, Record
from router.ingress.spool.directory import claim
from router.ingress.spool.entry import Entry, encode
from router.ingress.spool.frame import framed
from router.ingress.spool.recovery import Recovered
from router.ingress.spool.segment import segment_path
from router.ingress.spool.spool import Spool


class Seen:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.found = Recovered()

    def recovered(self, found: Recovered, events: int) -> None:
        self.found = found

    def holds(self, events: int, size: int, oldest: float | None) -> None:
        pass

    def spooled(self, events: int) -> None:
        pass

    def drained(self, events: int) -> None:
        pass

    def failed(self, reason: str) -> None:
        self.failures.append(reason)

    def mended(self) -> None:
        self.failures.append("mended")


def entry(number: int, size: int = 10) -> Entry:
    record = Record(id=f"e{number}", type="t", data=b"x" * size)
    return Entry("hooks", "t.v1", b"k%d" % (number % 3), None, 1.0, record)


def opened(root: Path, max_bytes: int = 1 << 30, segment_bytes: int = 1 << 24, max_keys: int = 100) -> Spool:
    return Spool(claim(root, 1), max_bytes, Seen(), max_keys=max_keys, segment_bytes=segment_bytes)


async def drained(spool: Spool) -> list[str]:
    ids = []
    while not spool.is_empty:
        batch = await spool.batch(7)
        ids += [one.record.id for one in batch.entries]
        await spool.consumed(batch)
    return ids


async def test_what_is_appended_is_drained_in_order_over_several_segments(tmp_path: Path) -> None:
    spool = opened(tmp_path, segment_bytes=1_000)
    for number in range(50):
        await spool.append([entry(number)])

    assert await drained(spool) == [f"e{number}" for number in range(50)]
    assert not list((tmp_path / "0").glob("*.spool"))
    await spool.close()


async def test_many_appends_share_few_commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs: list[int] = []
    sync = os.fdatasync

    def counted(descriptor: int) -> None:
        syncs.append(descriptor)
        sync(descriptor)

    monkeypatch.setattr(os, "fdatasync", counted)
    spool = opened(tmp_path)

    await asyncio.gather(*[spool.append([entry(number)]) for number in range(500)])

    assert 1 <= len(syncs) <= 5
    assert spool.events == 500
    await spool.close()


async def test_a_restart_goes_on_behind_the_mark(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    await spool.append([entry(number) for number in range(20)])
    await spool.consumed(await spool.batch(7))
    await spool.close()

    again = opened(tmp_path)

    assert again.holds(("t.v1", b"k1"))
    assert await drained(again) == [f"e{number}" for number in range(7, 20)]
    assert not again.holds(("t.v1", b"k1"))
    await again.close()


async def test_a_full_spool_refuses_and_takes_events_again_once_it_is_drained(tmp_path: Path) -> None:
    spool = opened(tmp_path, max_bytes=1_000)
    appended = [spool.append([entry(number)]) for number in range(100)]
    with pytest.raises(ConnectorError) as refusal:
        await asyncio.gather(*appended)
    count = len((await spool.batch(100)).entries)

    troubles = [spool.trouble]
    assert len(await drained(spool)) == count > 0
    troubles.append(spool.trouble)
    assert refusal.value.reason is Reason.SPOOL_FULL
    assert troubles == [Reason.SPOOL_FULL, None]
    await spool.append([entry(1)])
    await spool.close()


async def test_a_disk_that_fails_is_known_before_an_event_comes_and_again_when_it_works(tmp_path: Path) -> None:
    seen = Seen()
    spool = Spool(claim(tmp_path, 1), 1 << 30, seen)
    away = tmp_path / "away"
    (tmp_path / "0").rename(away)

    await spool.probe()
    trouble = spool.trouble
    away.rename(tmp_path / "0")
    await spool.probe()

    assert trouble is Reason.SPOOL_UNAVAILABLE
    assert spool.trouble is None
    assert seen.failures == ["disk_error", "mended"]
    assert not (tmp_path / "0" / "probe").exists()
    await spool.close()


async def test_damage_in_the_segment_that_is_written_to_is_set_aside_too(tmp_path: Path) -> None:
    seen = Seen()
    spool = Spool(claim(tmp_path, 1), 1 << 30, seen)
    await spool.append([entry(0)])
    await spool.append([entry(1)])
    path = segment_path(tmp_path / "0", 1)
    size = len(framed(encode(entry(0))))
    with path.open("r+b") as file:
        file.seek(size + 20)
        file.write(b"!")

    first = await spool.batch(1)
    await spool.consumed(first)
    waiting = asyncio.create_task(spool.batch(1))
    async with asyncio.timeout(10):
        while not spool.is_empty:  # noqa: ASYNC110  the disk's thread makes the progress
            await asyncio.sleep(0.01)
    await spool.append([entry(2)])
    second = await waiting

    assert [one.record.id for one in (*first.entries, *second.entries)] == ["e0", "e2"]
    assert path.with_suffix(".corrupt").exists()
    assert seen.failures == ["corrupt"]
    await spool.close()


async def test_with_too_many_keys_every_key_is_behind_the_spool(tmp_path: Path) -> None:
    spool = opened(tmp_path, max_keys=2)
    assert not spool.holds(("t.v1", b"other"))
    await spool.append([entry(number) for number in range(3)])

    assert spool.holds(("t.v1", b"other"))
    await drained(spool)
    assert not spool.holds(("t.v1", b"other"))
    await spool.close()


async def test_damage_is_reported_and_set_aside_and_the_next_segment_is_drained(tmp_path: Path) -> None:
    spool = opened(tmp_path, segment_bytes=1)
    for number in range(3):
        await spool.append([entry(2 * number), entry(2 * number + 1)])
    await spool.close()
    path = segment_path(tmp_path / "0", 2)
    data = bytearray(path.read_bytes())
    data[len(framed(encode(entry(2)))) - 1] ^= 1
    path.write_bytes(data)

    seen = Seen()
    again = Spool(claim(tmp_path, 1), 1 << 30, seen)

    assert [(damage.segment, damage.offset, damage.behind) for damage in seen.found.damaged] == [(2, 0, 1)]
    assert await drained(again) == ["e0", "e1", "e4", "e5"]
    assert path.with_suffix(".corrupt").read_bytes() == data
    await again.close()


async def test_two_processes_never_share_a_directory_and_the_dead_are_adopted(tmp_path: Path) -> None:
    first, second = claim(tmp_path, 2), claim(tmp_path, 2)
    assert first.path != second.path
    with pytest.raises(ConnectorError) as refusal:
        claim(tmp_path, 2)
    assert refusal.value.reason is Reason.SPOOL_UNAVAILABLE
    first.close()
    spool = Spool(second, 1 << 30, Seen())
    await spool.append([entry(5)])
    await spool.close()

    only = opened(tmp_path)

    assert await drained(only) == ["e5"]
    await only.close()


@pytest.fixture
def file_limit() -> Iterator[int]:
    """The kernel refuses to make any file larger (EFBIG), as a full disk refuses (ENOSPC)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limit = 20_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


async def test_a_write_that_the_system_refuses_loses_nothing_and_leaves_nothing(
    tmp_path: Path, file_limit: int
) -> None:
    spool = opened(tmp_path)
    await spool.append([entry(1)])

    with pytest.raises(ConnectorError) as refusal:
        await spool.append([entry(2, size=2 * file_limit)])
    await spool.append([entry(3)])

    assert refusal.value.reason is Reason.DISK_FULL
    await spool.close()
    again = opened(tmp_path)
    assert await drained(again) == ["e1", "e3"]
    await again.close()


_WRITER = """
    import asyncio, sys
    from pathlib import Path
    from tests.unit.ingress.spool.test_spool import entry, opened

    async def main() -> None:
        spool = opened(Path(sys.argv[1]), segment_bytes=100_000)
        async def one(start: int) -> None:
            for number in range(start, 10**9, 8):
                await spool.append([entry(number, size=1_000)])
                print(number, flush=True)
        await asyncio.gather(*[one(start) for start in range(8)])

    asyncio.run(main())
"""


@pytest.mark.parametrize("lines", [1, 50, 333])
async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, lines: int) -> None:
    process = subprocess.Popen(  # noqa: S603, ASYNC220  the command is ours
        [sys.executable, "-c", textwrap.dedent(_WRITER), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    acknowledged = [process.stdout.readline().strip() for _ in range(lines)]
    process.kill()
    rest, _ = process.communicate()
    acknowledged += [line.strip() for line in rest.splitlines(keepends=True) if line.endswith("\n")]

    spool = opened(tmp_path)
    found = await drained(spool)

    assert set(found) >= {f"e{number}" for number in acknowledged}
    assert len(found) == len(set(found))
    for start in range(8):
        mine = [int(one[1:]) for one in found if int(one[1:]) % 8 == start]
        assert mine == list(range(start, start + 8 * len(mine), 8))
    await spool.close()
