"""New packages: complete, valid, and never over something that is there."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from router.api import ConnectorError, Reason
from router.cli.app import run
from router.kit.scaffold import Kind, write_package

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("kind", Kind)
def test_a_package_is_complete_and_offers_its_connector(kind: Kind, tmp_path: Path) -> None:
    package = write_package("drop-box", kind, tmp_path)

    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    assert package.name == project["name"] == f"drop-box-{kind}"
    assert project["entry-points"] == {f"router.{kind}s": {"drop_box": f"drop_box_{kind}:connector"}}
    assert {file.name for file in package.iterdir()} >= {"README.md", ".gitignore", "pipeline.yaml", "src", "tests"}
    assert (package / "src" / f"drop_box_{kind}" / "py.typed").exists()


@pytest.mark.parametrize("kind", Kind)
def test_nothing_of_a_template_is_left_open(kind: Kind, tmp_path: Path) -> None:
    for file in write_package("drop_box", kind, tmp_path).rglob("*"):
        if file.is_file():
            assert not re.search(r"\{\{\w+\}\}", file.read_text())
            assert file.suffix != ".tmpl"
            if file.suffix == ".py":
                ast.parse(file.read_text())


@pytest.mark.parametrize("kind", Kind)
def test_a_package_meets_the_type_checker_and_the_linter(kind: Kind, tmp_path: Path) -> None:
    package = write_package("drop_box", kind, tmp_path)
    commands = (
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "src"],
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "E,F,W,I,B,UP,ASYNC,PTH", "."],
        [sys.executable, "-m", "ruff", "format", "--no-cache", "--check", "--line-length", "120", "."],
    )
    for command in commands:
        if "check" in command:
            command += ["--line-length", "120"]
        done = subprocess.run(command, cwd=package, capture_output=True, text=True, check=False)  # noqa: S603  ours
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["", "9lives", "Upper", "a b", "../up", "a__b", "x" * 41, "trailing_"])
def test_what_cannot_be_a_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConnectorError) as refused:
        write_package(name, Kind.SINK, tmp_path)

    assert refused.value.reason is Reason.USAGE
    assert not list(tmp_path.iterdir())


def test_the_command_names_what_it_wrote_and_what_comes_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run(["connector", "new", "drop_box", "--kind", "source", "--directory", str(tmp_path)])

    shown = capsys.readouterr().out
    assert status == 0
    assert "src/drop_box_source/source.py" in shown
    assert "router connector test" in shown
    assert (tmp_path / "drop-box-source" / "src" / "drop_box_source" / "source.py").exists()


def test_a_directory_that_is_there_is_left_alone(tmp_path: Path) -> None:
    package = write_package("drop_box", Kind.SINK, tmp_path)
    (package / "README.md").write_text("mine")

    with pytest.raises(ConnectorError, match="exists already"):
        write_package("drop_box", Kind.SINK, tmp_path)

    assert (package / "README.md").read_text() == "mine"
