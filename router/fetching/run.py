"""One call of a source's `run` or `backfill`, and what it came to."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from router.api import Action, ConnectorError, Reason
from router.fetching.emitter import Emitter

WAITS = (Action.RETRY, Action.PAUSE, Action.RETRY_THEN_DEAD_LETTER, Action.REOPEN)
"""Errors that may pass: the source waits and begins anew at its checkpoints. Every other one is for a person."""
_GRACE_SECONDS = 5
_log = structlog.get_logger("router.fetching")


async def run_source(run: Coroutine[Any, Any, None], emitter: Emitter) -> None:
    """Let it run to its end, or to the end of what it may emit. Raises what ended it.

    An emit that has failed decides, whatever the source made of it; a source that goes on all the same is cancelled.
    """
    running = asyncio.create_task(run)
    broken = asyncio.create_task(emitter.broken.wait())
    try:
        await asyncio.wait({running, broken}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({running}, timeout=_GRACE_SECONDS)
    finally:
        broken.cancel()
        await _ended(running)
    if emitter.failure is not None:
        raise emitter.failure
    is_given_up = not running.done() or running.cancelled()
    if not is_given_up:
        _raise_cause(running.exception())
    if is_given_up or emitter.broken.is_set():
        message = "The source gave up a call of emit, so that it is unknown what became durable."
        raise ConnectorError(Reason.TRANSACTION_OUTCOME_UNKNOWN, message)


async def _ended(running: asyncio.Task[None]) -> None:
    running.cancel()
    _, still = await asyncio.wait({running}, timeout=_GRACE_SECONDS)
    if still:
        # It can emit nothing any more, and holds only what is its own.
        _log.error("source does not end when cancelled", waited_seconds=_GRACE_SECONDS)


def _raise_cause(error: BaseException | None) -> None:
    """Raise the error; of a group in which each is a ConnectorError, the first."""
    if error is None:
        return
    causes = list(_leaves(error))
    if causes and all(isinstance(cause, ConnectorError) for cause in causes):
        raise causes[0]
    raise error


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]
