"""The reference page of the command line, written from the commands themselves."""

from collections.abc import Iterator
from typing import Any

import typer

from router.cli.app import COMMANDS, app


def commands_page() -> str:
    """The reference page docs/reference/cli.md."""
    lines = [
        "# Commands",
        "",
        "<!-- Generated from router/cli by `make generate`; do not edit. -->",
        "",
        "Exit status: 0 done, 1 failed at run time, 2 the configuration or the command line is wrong, 130 interrupted.",
        "Messages go to stderr, results to stdout. The environment variables `LOG_LEVEL` (`debug`, `info`, `warning`,",
        "`error`) and `LOG_FORMAT` (`auto`, `json`, `pretty`) set the logs.",
    ]
    group: Any = typer.main.get_command(app)
    for name in COMMANDS:
        lines += _command(group.get_command(None, name), f"router {name}")
    return "\n".join(lines) + "\n"


def _command(command: Any, path: str) -> Iterator[str]:
    children: dict[str, Any] = getattr(command, "commands", {})
    if children:
        for name, child in children.items():
            yield from _command(child, f"{path} {name}")
        return
    shown = [param for param in command.params if not getattr(param, "hidden", False) and param.name != "help"]
    arguments = "".join(f" {_argument(param)}" for param in shown if param.param_type_name == "argument")
    yield from ("", f"## `{path}{arguments}`", "", " ".join((command.help or "").split()))
    if shown:
        yield from ("", "| | |", "|---|---|")
        for param in shown:
            yield f"| {_name(param)} | {_meaning(param)} |"


def _argument(param: Any) -> str:
    return str(param.metavar or param.name.upper())


def _name(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{_argument(param)}`"
    return ", ".join(f"`{option}`" for option in (*param.opts, *param.secondary_opts))


def _meaning(param: Any) -> str:
    text = " ".join((param.help or "").split())
    default = getattr(param.default, "value", param.default)
    if param.required or default is None or isinstance(default, bool) or callable(default):
        return text
    return f"{text} Default: `{default}`."
