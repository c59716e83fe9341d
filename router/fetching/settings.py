"""What distinguishes one source's task from another's."""

from dataclasses import dataclass

from router.config.models import Pipeline, Route, Schedule, SourceSettings
from router.delivery.backoff import Backoff

_BACKOFF = Backoff(initial_seconds=0.5, max_seconds=30)


@dataclass(frozen=True, slots=True)
class TaskSettings:
    """The settings of one task. task: its number within the source, from 0; backoff: of errors that pass."""

    pipeline: str
    source: str
    bootstrap_servers: str
    routes: tuple[Route, ...]
    tenant: str | None
    schedule: Schedule
    task: int = 0
    backoff: Backoff = _BACKOFF

    @classmethod
    def of(cls, pipeline: Pipeline, source: str, settings: SourceSettings) -> "TaskSettings":
        """The settings of a source in a configuration."""
        return cls(
            pipeline=pipeline.name,
            source=source,
            bootstrap_servers=pipeline.kafka.bootstrap_servers,
            routes=settings.routes,
            tenant=settings.tenant,
            schedule=settings.schedule,
        )

    @property
    def transactional_id(self) -> str:
        """Whoever opens it last owns the task."""
        return f"con-{self.pipeline}-{self.source}-{self.task}"

    @property
    def backfill_transactional_id(self) -> str:
        """The same for the source's backfill, which runs beside the task."""
        return f"con-{self.pipeline}-{self.source}-backfill"
