"""Traces and lineage, where the configuration asks for them; otherwise their libraries are not even loaded."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from router.config.models import Pipeline


@asynccontextmanager
async def watched(pipeline: Pipeline) -> AsyncIterator[None]:
    """What is built while the context lasts is traced and tells of its lineage. Neither ever stops data."""
    async with AsyncExitStack() as stack:
        if pipeline.traces is not None:
            from router.tracing.export import exporting  # noqa: PLC0415  see the module

            await stack.enter_async_context(exporting(pipeline.traces, pipeline.name))
        if pipeline.lineage is not None:
            from router.lineage.reporting import reporting  # noqa: PLC0415  see the module

            await stack.enter_async_context(reporting(pipeline.lineage, pipeline))
        yield
