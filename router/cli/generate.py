"""Write the files that are generated from data: reason codes and reference pages (`make generate`)."""

import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TAXONOMY = ROOT / "router" / "api" / "taxonomy.toml"

Taxonomy = Mapping[str, Any]


def reasons_module(taxonomy: Taxonomy) -> str:
    """The Python module `router.api.reasons`."""
    classes: Mapping[str, Any] = taxonomy["classes"]
    lines = [
        '"""The error taxonomy as code. Generated from taxonomy.toml by `make generate`; do not edit."""',
        "",
        "from enum import StrEnum",
        "from typing import NamedTuple",
        "",
        "",
        "class ErrorClass(StrEnum):",
        '    """What kind of error it is; the closed set of the metric label `class`."""',
        "",
        *(f'    {name} = "{name}"' for name in classes),
        "",
        "",
        "class Action(StrEnum):",
        '    """What the runtime does about it; the only thing it switches on."""',
        "",
        *(f'    {name.upper()} = "{name}"' for name in sorted(_actions(classes))),
        "",
        "",
        "class Reason(StrEnum):",
        '    """The stable code of an error; the closed set of the metric label `reason`."""',
        "",
        *(f'    {reason} = "{reason}"' for _, reason, _ in _reasons(classes)),
        "",
        "",
        "class ReasonSpec(NamedTuple):",
        '    """What the taxonomy says of a reason."""',
        "",
        "    error_class: ErrorClass",
        "    action: Action",
        "    http_status: int",
        "    grpc_code: str",
        "    summary: str",
        "",
        "",
        "SPECS: dict[Reason, ReasonSpec] = {",
    ]
    for error_class, reason, spec in _reasons(classes):
        lines += [
            f"    Reason.{reason}: ReasonSpec(",
            f"        ErrorClass.{error_class},",
            f"        Action.{spec['action'].upper()},",
            f"        {spec['http']},",
            f'        "{spec["grpc"]}",',
            f'        "{spec["summary"]}",',
            "    ),",
        ]
    lines += ["}", ""]
    headers = taxonomy["header_names"]
    for field in headers["fields"]:
        lines.append(f'HEADER_{field.upper()} = "{headers["prefix"]}{field}"')
    for field in headers["connect_fields"]:
        lines.append(f'CONNECT_{field.upper().replace(".", "_")} = "{headers["connect_prefix"]}{field}"')
    return "\n".join(lines) + "\n"


def errors_page(taxonomy: Taxonomy) -> str:
    """The reference page docs/reference/errors.md."""
    lines = [
        "# Errors",
        "",
        "<!-- Generated from router/api/taxonomy.toml by `make generate`; do not edit. -->",
        "",
        "Every error has a stable **reason**; its **class** groups it and its **action** is what the runtime does.",
        "Messages are for people and may change; reasons do not.",
        "",
        "| Action | What happens |",
        "|---|---|",
        "| `dead_letter` | the record goes to the sink's dead-letter topic; the next one follows |",
        "| `retry` | wait with jittered back-off and try again for as long as it takes; partitions are paused |",
        "| `retry_then_dead_letter` | the same, up to `delivery.retry.give_up_after_seconds` |",
        "| `pause` | keep the record, wait the longest delay: a person must act |",
        "| `accept` | the effect is already there: counted as a duplicate |",
        "| `reopen` | drop the work without acknowledging it, open anew, read the position again |",
        "| `stop` | stop and say so; nothing is acknowledged |",
        "",
    ]
    for name, spec in taxonomy["classes"].items():
        lines += [
            f"## {name}",
            "",
            f"{spec['summary']} Who acts: {spec['acts']}. gRPC code: `{spec['grpc']}`.",
            "",
            "| Reason | Meaning | Action | HTTP |",
            "|---|---|---|---|",
        ]
        for error_class, reason, detail in _reasons(taxonomy["classes"]):
            if error_class == name:
                lines.append(f"| `{reason}` | {detail['summary']} | `{detail['action']}` | {detail['http']} |")
        lines.append("")
    lines += ["## Headers of a dead letter", "", "| Header | From |", "|---|---|"]
    headers = taxonomy["header_names"]
    lines += [f"| `{headers['prefix']}{field}` | this project |" for field in headers["fields"]]
    lines += [f"| `{headers['connect_prefix']}{field}` | Kafka Connect |" for field in headers["connect_fields"]]
    return "\n".join(lines) + "\n"


def _actions(classes: Mapping[str, Any]) -> set[str]:
    return {spec["action"] for _, _, spec in _reasons(classes)}


def _reasons(classes: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, spec in classes.items():
        defaults = {key: spec[key] for key in ("action", "http", "grpc")}
        for reason, detail in spec["reasons"].items():
            yield name, reason, defaults | detail


def generated() -> Iterator[tuple[Path, str]]:
    """Each generated file with the content that it should have, in an order in which they can be written."""
    taxonomy = tomllib.loads(TAXONOMY.read_text())
    yield ROOT / "router" / "api" / "reasons.py", reasons_module(taxonomy)
    yield ROOT / "docs" / "reference" / "errors.md", errors_page(taxonomy)
    yield ROOT / "docs" / "reference" / "configuration.md", _configuration_page()
    yield ROOT / "docs" / "reference" / "metrics.md", _metrics_page()
    yield ROOT / "docs" / "reference" / "cli.md", _commands_page()


def _configuration_page() -> str:
    # Imported here, since connectors may already use reasons that have only just been written.
    from router.cli.reference import configuration_page  # noqa: PLC0415
    from router.config.connectors import sinks, sources  # noqa: PLC0415

    return configuration_page(sources(), sinks())


def _metrics_page() -> str:
    from router.cli.metrics_page import metrics_page  # noqa: PLC0415  for the same reason

    return metrics_page()


def _commands_page() -> str:
    from router.cli.commands_page import commands_page  # noqa: PLC0415  for the same reason

    return commands_page()


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` say which are stale (exit status 1)."""
    stale = 0
    for path, text in generated():
        if path.exists() and path.read_text() == text:
            continue
        if "--check" in arguments:
            stale = 1
            print(f"{path.relative_to(ROOT)} is stale: run `make generate`", file=sys.stderr)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
