"""A change of the configuration's files is seen once, and whatever else happens beside them is none."""

import os
from pathlib import Path

import pytest

from router.api import ConnectorError, Reason
from router.config.load import Loaded
from router.runtime.changes import Changes


async def load() -> Loaded:
    raise ConnectorError(Reason.USAGE, "Nothing is loaded here.")


def followed(path: Path) -> Changes:
    return Changes(path, load)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "router.yaml"
    path.write_text("name: shop")
    return path


def test_nothing_has_come_where_nothing_has_changed(file: Path) -> None:
    assert not followed(file).has_come()


def test_a_change_comes_once(file: Path) -> None:
    changes = followed(file)

    file.write_text("name: another")

    assert changes.has_come()
    assert not changes.has_come()


def test_a_file_that_is_replaced_by_one_of_the_same_size_and_time_is_a_change(file: Path) -> None:
    changes, state = followed(file), file.stat()

    new = file.with_name("new")
    new.write_text("name: shoe")
    os.utime(new, ns=(state.st_atime_ns, state.st_mtime_ns))
    new.replace(file)

    assert changes.has_come()


@pytest.mark.parametrize(("name", "counts"), [("more.yaml", True), ("more.yml", True), ("notes.txt", False)])
def test_of_a_directory_the_files_of_a_configuration_count(tmp_path: Path, name: str, *, counts: bool) -> None:
    changes = followed(tmp_path)

    (tmp_path / name).write_text("sinks: {}")

    assert changes.has_come() is counts


def test_a_file_that_is_gone_is_a_change_and_no_error(file: Path) -> None:
    one, directory = followed(file), followed(file.parent)

    file.unlink()

    assert one.has_come()
    assert directory.has_come()


def test_a_change_that_could_not_be_taken_up_comes_again(file: Path) -> None:
    changes = followed(file)
    file.write_text("name: another")
    assert changes.has_come()

    changes.again()

    assert changes.has_come()
    assert not changes.has_come()
