"""One stack per home."""

import stat
from pathlib import Path

from router.dev.endpoints import Endpoints
from router.dev.lease import Lease, Running

ENDPOINTS = Endpoints("127.0.0.1:1", "http://127.0.0.1:2", "127.0.0.1", 3, "user", "database", "a password")
RUNNING = Running(7, frozenset({"kafka"}), ENDPOINTS)


def test_a_home_is_leased_once(tmp_path: Path) -> None:
    first, second = Lease(tmp_path), Lease(tmp_path)

    assert first.acquire()
    assert not second.acquire()

    first.release()
    assert second.acquire()
    second.release()


def test_others_read_what_the_holder_announces(tmp_path: Path) -> None:
    holder, other = Lease(tmp_path), Lease(tmp_path)
    holder.acquire()
    before = other.running()

    holder.announce(RUNNING)

    assert before is None
    assert other.running() == RUNNING
    holder.release()
    assert other.running() is None


def test_nobody_else_may_read_the_announcement(tmp_path: Path) -> None:
    holder = Lease(tmp_path)
    holder.acquire()

    holder.announce(RUNNING)

    (announcement,) = (tmp_path / "run").glob("*.json")
    assert stat.S_IMODE(announcement.stat().st_mode) == 0o600
    holder.release()


def test_the_announcement_of_a_holder_that_died_is_not_believed(tmp_path: Path) -> None:
    died = Lease(tmp_path)
    died.acquire()
    died.announce(RUNNING)
    content = (tmp_path / "run" / "stack.json").read_text()
    died.release()
    (tmp_path / "run" / "stack.json").write_text(content)

    successor = Lease(tmp_path)
    successor.acquire()

    assert successor.running() is None
    successor.release()


def test_the_password_is_not_in_the_representation() -> None:
    assert "a password" not in repr(RUNNING)
