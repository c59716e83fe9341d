"""The documentation keeps what it says: links lead somewhere, configurations are valid, commands and metrics exist."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from router.cli.app import COMMANDS
from router.cli.dlq import app as dlq
from router.config.load import load
from router.config.models import Pipeline
from router.observability.metrics import REGISTRY
from sources.webhook import connector
from sources.webhook.config import WebhookConfig
from tests.conformance.functions import offered

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_METRIC = re.compile(r"\bcon_[a-z_]+\b")
_COMMAND = re.compile(r"(?:^|[`\s/])router ([a-z]+)(?: ([a-z]+))?")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@each_page
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for link in _LINK.findall(_prose(page)):
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        assert file.is_relative_to(ROOT), link
        assert file.exists(), link
        assert not anchor or anchor in set(_anchors(file)), link


@each_page
def test_every_whole_pipeline_is_a_valid_configuration(page: Path, tmp_path: Path) -> None:
    """A block that begins with ```yaml pipeline is one."""
    for kind, block in _blocks(page):
        if kind == "yaml pipeline":
            file = tmp_path / "pipeline.yaml"
            file.write_text(block)
            assert load(file, resolve=lambda _reference: "x" * 32).pipeline.name


@pytest.fixture
def functions(tmp_path: Path) -> Iterator[None]:
    """Those that the pages call are installed."""
    with offered(tmp_path):
        yield


@each_page
@pytest.mark.usefixtures("functions")
def test_every_part_of_a_configuration_is_valid_in_its_place(page: Path, tmp_path: Path) -> None:
    """A block that begins with ```yaml names settings of a pipeline or of an endpoint; none is a mistake."""
    for number, (kind, block) in enumerate(_blocks(page)):
        if kind == "yaml":
            directory = tmp_path / str(number)
            directory.mkdir()
            (directory / "part.yaml").write_text(block if _is_whole(block) else _endpoint(block))
            (directory / "rest.yaml").write_text(_rest(block))
            assert load(directory, resolve=lambda _reference: "x" * 32).pipeline.name


@each_page
def test_every_command_that_is_named_exists(page: Path) -> None:
    groups = {command.name for command in dlq.registered_commands}
    for command, sub in _COMMAND.findall(page.read_text()):
        assert command in COMMANDS, f"router {command}"
        assert command != "dlq" or not sub or sub in groups, f"router dlq {sub}"


@each_page
def test_every_metric_that_is_named_exists(page: Path) -> None:
    assert set(_METRIC.findall(page.read_text())) <= set(_series())


def test_the_pages_that_begin_show_a_whole_pipeline() -> None:
    shown = {page.name for page in PAGES for kind, _ in _blocks(page) if kind == "yaml pipeline"}

    assert shown >= {"README.md", "tutorial.md"}


def test_every_command_and_each_of_its_options_is_described() -> None:
    reference = (ROOT / "docs" / "reference" / "cli.md").read_text()

    assert set(re.findall(r"## `router (\w+)", reference)) == set(COMMANDS)
    for option in ("--secrets", "--dry-run", "--example", "--once", "--limit"):
        assert f"`{option}`" in reference


def test_every_metric_is_described() -> None:
    reference = (ROOT / "docs" / "reference" / "metrics.md").read_text()

    assert all(f"`{name}`" in reference for name, _ in _families())


def test_the_picture_is_well_formed_and_says_what_it_shows() -> None:
    picture = ET.parse(ROOT / "docs" / "images" / "way.svg").getroot()  # noqa: S314  our own file

    texts = [child.text for child in picture if child.tag.endswith(("}title", "}desc"))]
    assert len(texts) == 2
    assert all(texts)


def _prose(page: Path) -> str:
    return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", page.read_text()))


def _blocks(page: Path) -> Iterator[tuple[str, str]]:
    for indent, kind, block in _FENCE.findall(page.read_text()):
        yield kind.strip(), re.sub(rf"^{indent}", "", block, flags=re.MULTILINE)


def _anchors(page: Path) -> Iterator[str]:
    """The anchors of headings, as GitHub makes them."""
    for heading in re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text()), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _is_whole(part: str) -> bool:
    """Whether it is settings of a pipeline, and not of an endpoint."""
    return set(yaml.safe_load(part)) <= set(Pipeline.model_fields)


def _endpoint(part: str) -> str:
    """A source whose `config` has this part, and scopes for what is named there."""
    given = yaml.safe_load(part)
    config = {"path": "/some", "verify": {"scheme": "github", "secrets": ["${env:SECRET}"]}}
    config |= given.get("config", given)
    parsed = WebhookConfig.model_validate(config, context={"resolve": lambda _reference: "x" * 32})
    scopes = {
        "topics": ["some.v1"],
        "secrets": re.findall(r"\$\{[^}]*\}", str(config)),
        "hosts": list(connector.hosts(parsed)),
    }
    source = {"connector": "webhook", "scopes": scopes, "routes": [{"topic": "some.v1"}], "config": config}
    return yaml.safe_dump({"sources": {"some": source}})


def _rest(part: str) -> str:
    """What makes the part of a configuration a whole one."""
    if part.startswith("kafka:"):
        return "name: example\n" + _endpoint("{}")
    return "name: example\nkafka: {bootstrap_servers: 'kafka:9092', registry_url: 'http://registry:8080/apis/ccompat/v7'}\n"


def _families() -> Iterator[tuple[str, str]]:
    for family in REGISTRY.collect():
        yield (f"{family.name}_total" if family.type == "counter" else family.name), family.type


def _series() -> Iterator[str]:
    for name, kind in _families():
        yield name
        if kind == "histogram":
            yield from (f"{name}_bucket", f"{name}_sum", f"{name}_count")
