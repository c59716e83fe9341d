"""What is done to dead letters is in the audit: before it begins, and when it is done."""

import asyncio
from collections.abc import Callable

from router.api import ConnectorError
from router.cli.dlq.queue import who
from router.config.models import AccessRole, Pipeline
from router.kafka.topics import Topics
from router.rest.access import Caller
from router.rest.audit import open_audit
from router.runtime.topics import control_topics


def audited(pipeline: Pipeline, action: str, owner: str, detail: str, work: Callable[[], int]) -> int:
    """Do the work, which returns of how many letters, and tell the audit who did what. Raises ConnectorError."""
    prepare(pipeline)
    _write(pipeline, action, owner, "begun", detail)
    try:
        count = work()
    except ConnectorError as error:
        _write(pipeline, action, owner, "failed", f"{error.reason}: {error.message}")
        raise
    _write(pipeline, action, owner, "done", f"{count} letters. {detail}".strip())
    return count


def prepare(pipeline: Pipeline) -> None:
    """Make the topics of audit and plans if they are not there yet. Raises ConnectorError."""
    asyncio.run(Topics(pipeline.kafka.bootstrap_servers).ensure(control_topics(pipeline)))


def _write(pipeline: Pipeline, action: str, owner: str, outcome: str, detail: str) -> None:
    async def write() -> None:
        async with open_audit(pipeline.kafka.bootstrap_servers, pipeline.name) as audit:
            user, _, host = who().partition("@")
            await audit.write(Caller(user, AccessRole.ADMIN, host), action, owner, outcome, detail)

    asyncio.run(write())
