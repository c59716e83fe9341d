"""From totals, windows, states and lag to what is shown of a connector."""

from collections.abc import Iterable

from router.fetching.states import State
from router.monitor.totals import Totals
from router.monitor.view import ConnectorFlow

WINDOW_SECONDS = 10
MINUTE = range(1, 7)
"""The windows of the last whole minute, the one that is still open left out."""
FIVE_MINUTES = range(1, 31)
_SILENT_SECONDS = 30
_WORST_FIRST = ("FAILED", "RESTARTING", "UNASSIGNED", "PAUSED", "STOPPED", "RUNNING")


def connector_flow(
    connector: str,
    totals: Totals,
    *,
    events: list[int],
    errors: list[int],
    states: Iterable[State],
    lag: int | None,
    now: float,
) -> ConnectorFlow | None:
    """What is shown at the moment `now`; None if no process has ever said anything.

    events, errors: of each window, the open one first. states: of the connector's tasks, where workers say them.
    """
    facts = sorted(totals.processes.values(), key=lambda fact: fact.at, reverse=True)
    if not facts:
        return None
    alive = totals.newest(now, _SILENT_SECONDS)
    event_at = max((fact.event_at for fact in facts if fact.event_at is not None), default=None)
    checkpoint_at = max((fact.checkpoint_at for fact in facts if fact.checkpoint_at is not None), default=None)
    newest = max((at for at in (event_at, checkpoint_at) if at is not None), default=None)
    return ConnectorFlow(
        connector=connector,
        kind=facts[0].kind,
        at=now,
        processes=len(alive),
        state=_worst([*states] or [fact.state for fact in alive]),
        events_per_second=round(sum(events[index] for index in MINUTE) / 60, 3),
        events_per_second_5m=round(sum(events[index] for index in FIVE_MINUTES) / 300, 3),
        errors_per_minute=round(sum(errors[index] for index in FIVE_MINUTES) / 5, 3),
        freshness_seconds=None if newest is None else round(max(0.0, now - newest), 3),
        event_at=event_at,
        checkpoint_at=checkpoint_at,
        lag=lag,
        counters=totals.all_counters(),
        reasons=totals.all_reasons(),
    )


def _worst(states: Iterable[str]) -> str:
    present = set(states)
    return next((state for state in _WORST_FIRST if state in present), "")
