"""What a source's records go through, put together from its settings."""

from router.api import SourceConnector
from router.config.names import dead_letter_topic
from router.envelope.registry import Registry
from router.fetching.checkpoints import CheckpointStore, Scope
from router.fetching.emitter import Way
from router.fetching.letter import Letters
from router.fetching.settings import TaskSettings
from router.routing import compile_routes
from router.tracing.active import make_envelopes


def way(
    settings: TaskSettings, connector: SourceConnector, registry: Registry, store: CheckpointStore, scope: Scope
) -> Way:
    """The way of one task, or of one backfill. Raises ConnectorError if a route cannot be compiled."""
    envelopes = make_envelopes(settings.pipeline, settings.source, settings.tenant, registry)
    letters = Letters(
        dead_letter_topic(settings.pipeline, settings.source),
        settings.source,
        envelopes.uri,
        connector.version,
        settings.task,
    )
    return Way(compile_routes(envelopes.uri, settings.routes), envelopes, letters, store, scope)
