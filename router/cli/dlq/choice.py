"""The options by which commands choose dead letters."""

import inspect
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Annotated, Any, get_type_hints

import typer

from router.api import ConnectorError, Reason
from router.api import reasons as names
from router.dlq.selection import Filter

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _options(  # noqa: PLR0913, PLR0917  each is an option of the command line
    reason: Annotated[
        str | None, typer.Option("--reason", help="Only this reason or class, such as TARGET_REJECTED.")
    ] = None,
    key: Annotated[str | None, typer.Option("--key", help="Only this ordering key.")] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Only events of this type.")] = None,
    tenant: Annotated[str | None, typer.Option("--tenant", help="Only this tenant's.")] = None,
    event: Annotated[str | None, typer.Option("--event", help="Only the event with this id.")] = None,
    message: Annotated[str | None, typer.Option("--message", help="Only messages with this text.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Refused at or after: ISO 8601, or an age such as 2h or 3d.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Refused before: ISO 8601, or an age such as 2h or 3d.")
    ] = None,
    letter_id: Annotated[
        str | None, typer.Option("--id", help="Only this letter, as `list` shows it: partition:offset.")
    ] = None,
) -> Filter:
    """The filter that the options describe. Raises ConnectorError (USAGE)."""
    known = {*names.Reason, *names.ErrorClass}
    if reason is not None and reason not in known:
        raise ConnectorError(Reason.USAGE, f"{reason!r} is no reason.", fix="See docs/reference/errors.md.")
    return Filter(
        reason=reason,
        key=None if key is None else key.encode(),
        type=type_,
        tenant=tenant,
        event_id=event,
        message=message,
        since=moment("--since", since),
        until=moment("--until", until),
        id=letter_id,
    )


def choosing(command: Callable[..., None]) -> Callable[..., None]:
    """The command, with these options in place of its parameter `wanted`."""
    options = inspect.signature(_options).parameters
    own = [one for name, one in inspect.signature(command).parameters.items() if name != "wanted"]

    @wraps(command)
    def chosen(**given: Any) -> None:
        wanted = _options(**{name: given.pop(name) for name in options})
        command(wanted=wanted, **given)

    chosen.__signature__ = inspect.Signature([*own, *options.values()])  # type: ignore[attr-defined]  # what Typer reads
    hints = get_type_hints(command, include_extras=True) | get_type_hints(_options, include_extras=True)
    chosen.__annotations__ = {name: hint for name, hint in hints.items() if name != "wanted"} | {"return": None}
    return chosen


def moment(option: str, text: str | None) -> datetime | None:
    """The moment that a text means. Raises ConnectorError (USAGE)."""
    if text is None:
        return None
    number, unit = text[:-1], text[-1:]
    if unit in _UNITS and number.isascii() and number.isdigit() and len(number) < 7:  # noqa: PLR2004  a million days
        return datetime.now(UTC) - timedelta(**{_UNITS[unit]: int(number)})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        told = f"{option} {text!r} is neither an ISO 8601 time nor an age."
        raise ConnectorError(Reason.USAGE, told, fix="Write 2026-11-23T10:00:00Z, or 90m, 2h, 3d.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
