"""The pins of the stack's files."""

from pathlib import PurePosixPath

import pytest

from router.dev.pins import Pin, distribution


@pytest.mark.parametrize(
    ("coordinate", "path"),
    [
        ("org.slf4j:slf4j-simple:1.7.36", "org/slf4j/slf4j-simple/1.7.36/slf4j-simple-1.7.36.jar"),
        ("io.example:app:3.0:all:tar.gz", "io/example/app/3.0/app-3.0-all.tar.gz"),
    ],
)
def test_a_coordinate_names_a_path_of_the_repository(coordinate: str, path: str) -> None:
    pin = Pin(coordinate, 0, "")

    assert pin.path == PurePosixPath(path)


@pytest.mark.parametrize("component", ["kafka", "registry"])
def test_every_file_of_the_stack_is_pinned_to_its_content(component: str) -> None:
    files = distribution(component).files

    assert files
    assert all(len(pin.sha256) == 64 and pin.size_bytes > 0 for pin in files)
    assert len({pin.path for pin in files}) == len(files)
