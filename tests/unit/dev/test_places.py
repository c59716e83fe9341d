"""Where state and downloads go."""

from collections.abc import Callable
from pathlib import Path

import pytest

from router.dev.places import default_cache, default_home


@pytest.mark.parametrize(
    ("place", "variable", "fallback"),
    [
        (default_home, "XDG_DATA_HOME", ".local/share/northfield-con/dev"),
        (default_cache, "XDG_CACHE_HOME", ".cache/northfield-con/stack"),
    ],
)
def test_a_relative_base_directory_is_ignored(
    place: Callable[[], Path], variable: str, fallback: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "somewhere/relative")

    assert place() == Path.home() / fallback


def test_the_base_directories_are_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert default_home() == tmp_path / "northfield-con" / "dev"
    assert default_cache() == tmp_path / "northfield-con" / "stack"
