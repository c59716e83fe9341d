"""`router connector test`: what it says of packages that keep their claims, that break some, and that have no suite."""

import json
from pathlib import Path

import pytest

from router.api import ConnectorError, Reason
from router.cli.app import run
from router.kit import suite
from router.kit.scaffold import Kind, write_package
from router.kit.suite import run_suite


def test_a_broken_claim_is_told_with_its_reason_and_ends_with_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = write_package("drop_box", Kind.SINK, tmp_path)
    lines = package / "src" / "drop_box_sink" / "lines.py"
    lines.write_text(lines.read_text().replace('if state["epoch"] != self._epoch:', 'if state["epoch"] < 0:'))

    status = run(["connector", "test", str(package), "--json"])

    broken = [verdict for verdict in json.loads(capsys.readouterr().out) if not verdict["held"]]
    assert status == 1
    assert "test_stale_owner_is_refused" in [verdict["test"] for verdict in broken]
    assert all(verdict["connector"] == "drop_box" and verdict["reason"] for verdict in broken)


def test_the_table_names_each_claim_and_its_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = write_package("drop_box", Kind.SOURCE, tmp_path)
    source = package / "src" / "drop_box_source" / "source.py"
    source.write_text(source.read_text().replace('id=f"{name}:{line.offset}"', 'id=""'))

    status = run(["connector", "test", str(package)])

    shown = capsys.readouterr().out
    assert status == 1
    assert "TestConformance: drop_box" in shown
    assert "broken: " in shown
    assert " held, " in shown
    assert "It has a name, a version and a summary." in shown


def test_a_package_whose_tests_cannot_be_imported_says_why(tmp_path: Path) -> None:
    package = write_package("drop_box", Kind.SINK, tmp_path)
    (package / "src" / "drop_box_sink" / "__init__.py").write_text("import no_such_module\n")

    with pytest.raises(ConnectorError, match="no_such_module") as refused:
        run_suite(package)

    assert refused.value.reason is Reason.USAGE


def test_tests_without_the_suite_are_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n")

    with pytest.raises(ConnectorError, match="no conformance suite"):
        run_suite(tmp_path)


def test_a_directory_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match="is no directory"):
        run_suite(tmp_path / "missing")


def test_without_pytest_the_way_to_get_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "find_spec", lambda _name: None)

    with pytest.raises(ConnectorError) as refused:
        run_suite(tmp_path)

    assert refused.value.fix == "Run `pip install 'northfield-con[test]'`."
