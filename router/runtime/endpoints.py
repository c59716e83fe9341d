"""The endpoints of a process, made from a configuration and made anew where it has changed."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from router.api import ConnectorError, RefreshedReceiver
from router.config.loaded import Loaded, LoadedReceiver
from router.envelope.message import Envelopes
from router.envelope.registry import Registry
from router.ingress.rates import EndpointQuotas
from router.ingress.seen import Once, SeenKeys
from router.ingress.server import Endpoint
from router.kafka.producer import AsyncProducer
from router.observability.metrics import RECEIVER_REFRESH_FAILURES
from router.observability.request_log import IngressObservers
from router.routing import compile_routes
from router.runtime.spooling import Spooling
from router.tracing.active import make_publisher

_REFRESH_SECONDS = 10.0
_log = structlog.get_logger("router.runtime")


@dataclass(frozen=True, slots=True)
class _Made:
    source: LoadedReceiver
    endpoint: Endpoint


class Endpoints:
    """Those of the newest configuration. What has not changed stays the same object, with its keys and counts."""

    def __init__(
        self,
        loaded: Loaded,
        registry: Registry,
        producer: AsyncProducer,
        observers: IngressObservers,
        spooling: Spooling,
    ) -> None:
        self._pipeline = loaded.pipeline
        self._registry = registry
        self._producer = producer
        self._observers = observers
        self._spooling = spooling
        ingress = loaded.pipeline.ingress
        self._quotas = EndpointQuotas(ingress.limits, ingress.processes)
        self._seen = SeenKeys()
        self._made: dict[str, _Made] = {}

    def renew(self, receivers: Mapping[str, LoadedReceiver]) -> list[Endpoint]:
        """The endpoints of these receivers. Raises ConnectorError, and nothing has changed."""
        made = {}
        for name, source in receivers.items():
            before = self._made.get(name)
            unchanged = before is not None and before.source == source
            made[name] = before if before is not None and unchanged else _Made(source, self._endpoint(name, source))
        self._made = made
        return [one.endpoint for one in made.values()]

    async def refresh(self) -> None:
        """Have receivers fetch the keys that are due. What fails is logged and counted, and comes again."""
        now = time.time()
        await asyncio.gather(
            *[
                _refresh(name, receiver)
                for name, made in self._made.items()
                if isinstance(receiver := made.endpoint.receiver, RefreshedReceiver) and receiver.refresh_due(now)
            ]
        )

    def _endpoint(self, name: str, source: LoadedReceiver) -> Endpoint:
        envelopes = Envelopes(self._pipeline.name, name, source.settings.tenant, self._registry)
        metrics = self._observers.of(name)
        router = compile_routes(envelopes.uri, source.settings.routes)
        publisher = make_publisher(router, envelopes, self._producer, metrics)
        receiver = source.connector.open(source.config, name)
        success = source.connector.success(source.config)
        quotas = self._quotas.of(name, source.settings.tenant, source.settings.limits.rate)
        publish = self._spooling.publish(name, source.settings.spool, router, publisher)
        once = Once(name, source.settings.tenant, self._seen, publish, metrics.deduplicated)
        return Endpoint(name, source.connector.path(source.config), receiver, once.publish, success, quotas)


async def _refresh(name: str, receiver: RefreshedReceiver) -> None:
    try:
        async with asyncio.timeout(_REFRESH_SECONDS):
            await receiver.refresh()
    except ConnectorError as error:
        RECEIVER_REFRESH_FAILURES.labels(name, error.reason).inc()
        _log.warning("keys not fetched", source=name, reason=error.reason, message=error.message)
    except TimeoutError:
        RECEIVER_REFRESH_FAILURES.labels(name, "REQUEST_TIMEOUT").inc()
        _log.warning("keys not fetched in time", source=name, seconds=_REFRESH_SECONDS)
    except Exception as error:  # noqa: BLE001  the outermost loop of a connector's code: the other endpoints go on
        RECEIVER_REFRESH_FAILURES.labels(name, "INTERNAL_BUG").inc()
        _log.error("keys not fetched: an unforeseen error", source=name, exc_info=error)
