"""The one reader of the process's environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from router.api import ConnectorError, Reason

LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("auto", "json", "pretty")


@dataclass(frozen=True, slots=True)
class Environment:
    """The environment as it was at the start. variables: all of it, kept out of `repr` since it holds secrets."""

    variables: Mapping[str, str] = field(repr=False)
    log_level: str
    log_format: str


def environment(variables: Mapping[str, str] | None = None) -> Environment:
    """The process's environment, or the given one. Raises ConnectorError if LOG_LEVEL or LOG_FORMAT is unknown."""
    frozen = MappingProxyType(dict(os.environ if variables is None else variables))
    return Environment(
        frozen,
        log_level=_choice(frozen, "LOG_LEVEL", LOG_LEVELS, "info"),
        log_format=_choice(frozen, "LOG_FORMAT", LOG_FORMATS, "auto"),
    )


def _choice(variables: Mapping[str, str], name: str, choices: tuple[str, ...], default: str) -> str:
    chosen = (variables.get(name) or default).lower()
    if chosen not in choices:
        raise ConnectorError(
            Reason.CONFIG_INVALID,
            f"The environment variable {name} has an unknown value.",
            fix=f"Set it to one of {', '.join(choices)}.",
        )
    return chosen
