"""The generated files are those that their sources give, and staleness is noticed."""

import subprocess
import sys
from pathlib import Path

import pytest

from router.cli import generate
from router.cli.reference import configuration_page
from tests.unit.config.examples import HOOK, TABLE


def test_the_files_of_the_repository_are_fresh() -> None:
    """In a process of its own, so that the connectors are those that are really installed."""
    done = subprocess.run(
        [sys.executable, "-m", "router.cli.generate", "--check"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stderr == ""
    assert done.returncode == 0


def test_a_stale_or_missing_file_is_noticed_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    page = tmp_path / "docs" / "reference" / "configuration.md"

    missing = generate.main(["--check"])
    written = generate.main([])
    fresh = generate.main(["--check"])
    page.write_text(page.read_text() + "x")
    stale = generate.main(["--check"])

    assert (missing, written, fresh, stale) == (1, 0, 0, 1)
    assert capsys.readouterr().err.endswith("docs/reference/configuration.md is stale: run `make generate`\n")


@pytest.mark.parametrize(
    "row",
    [
        "| `name` | text | **required** |  | The pipeline's name, in lower case; the prefix of its groups. |",
        "| `kafka.topics.partitions` | integer | `4` | ≥ 1, ≤ 1000 | Partitions of a new topic. |",
        "| `sources.*.routes[].drop` | boolean | `false` |  | Count the record as filtered instead of publishing it. |",
        "| `sinks` | mapping by name |  |  | Sinks by name. |",
        "| `path` | text | **required** | matches `^/` | Where it lives. |",
        (
            "| `verify.scheme` | `plain` or `keyed` | **required** |  | "
            "`plain`: A scheme with one secret; `keyed`: A scheme with named secrets. |"
        ),
        "| `verify.secret` (scheme `plain`) | secret reference | **required** |  | What requests are signed with. |",
        "| `verify.secrets` (scheme `keyed`) | secret reference by name | **required** |  |  |",
        "| `tolerance_seconds` | number | `300` | ≥ 0, ≤ 900 | How old a request may be. |",
        "| `secrets` | list of secret reference | `[]` |  |  |",
    ],
)
def test_the_page_has_a_row_for_each_setting(row: str) -> None:
    page = configuration_page({"hook": HOOK}, {"table": TABLE})

    assert row in page.splitlines()
