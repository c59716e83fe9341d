"""How a connector declares itself: one object per package, found by its entry point."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationInfo, model_validator

from router.api.dataset import Dataset, no_datasets
from router.api.egress import Egress
from router.api.record import Stream
from router.api.rehearsal import Finding, Sending
from router.api.sink import Sink
from router.api.source import Receiver, Reply, Request, Source


class ConnectorConfig(BaseModel):
    """The base of every connector's configuration: frozen, extra keys refused, inputs kept out of errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    _egress: Egress = PrivateAttr(default=Egress())

    @property
    def egress(self) -> Egress:
        """What it may connect to over HTTP; bound as secrets are, by the context that it is validated in."""
        return self._egress

    @model_validator(mode="after")
    def _bind_egress(self, info: ValidationInfo) -> Self:
        egress = (info.context or {}).get("egress")
        if isinstance(egress, Egress):
            self._egress = egress
        return self


class Guarantee(StrEnum):
    """What a connector promises, and the conformance suite proves."""

    AT_LEAST_ONCE = "at_least_once"
    EXACTLY_ONCE = "exactly_once"


@dataclass(frozen=True, slots=True)
class ReceiverConnector:
    """A source that others push to.

    open: takes a validated `config` and the source's name; raises `ConnectorError` (CONFIG) if a secret cannot be
    used.
    path: where on the ingress port the endpoint lives, from its configuration.
    datasets: what the records come from, where the configuration says so.
    success: what the configuration has instead of the usual answer, 202, to a request whose events are durable.
    hosts: the `host:port` addresses that the configuration makes it talk to; they must be within its scopes.
    sign: the headers with which a sender would send an event; raises `ConnectorError` (USAGE) where only the sender
    can sign.
    explain: examines a request step by step: what `receive` looks at, and what is wrong there.
    """

    name: str
    version: str
    summary: str
    config: type[ConnectorConfig]
    open: Callable[[Any, str], Receiver]
    path: Callable[[Any], str]
    datasets: Callable[[Any], tuple[Dataset, ...]] = no_datasets
    success: Callable[[Any], Reply | None] = lambda _config: None
    hosts: Callable[[Any], tuple[str, ...]] = lambda _config: ()
    sign: Callable[[Any, Sending], tuple[tuple[str, str], ...]] | None = None
    explain: Callable[[Any, Request], Sequence[Finding]] | None = None


@dataclass(frozen=True, slots=True)
class SourceConnector:
    """A source that fetches. Its records and checkpoints are published in transactions, exactly once.

    open: an async context manager that takes a validated `config` and the source's name, connects, yields the
    source and disconnects.
    hosts: the `host:port` addresses that the configuration makes it talk to; they must be within its scopes.
    check: connects and looks, without changing anything; raises `ConnectorError` if the source could not run.
    discover: the streams that the configuration selects, with their schemas as they are now. Raises ConnectorError.
    streams_on: `run` waits for news by itself and never returns, so that it needs no schedule.
    datasets: what the configuration makes it read, for lineage.
    """

    name: str
    version: str
    summary: str
    config: type[ConnectorConfig]
    open: Callable[[Any, str], AbstractAsyncContextManager[Source]]
    hosts: Callable[[Any], tuple[str, ...]]
    check: Callable[[Any], Awaitable[None]]
    discover: Callable[[Any], Awaitable[Sequence[Stream]]]
    streams_on: bool = False
    datasets: Callable[[Any], tuple[Dataset, ...]] = no_datasets


@dataclass(frozen=True, slots=True)
class SinkConnector:
    """A sink.

    open: an async context manager that takes a validated `config` and the sink's name, which is `<pipeline>.<sink>`
    and its own among all pipelines, connects, yields the sink and disconnects.
    hosts: the `host:port` addresses that the configuration makes it talk to; they must be within its scopes.
    max_batch_events: how many events `write` takes at most.
    max_in_flight: how many calls of `write` may run at once in a partition; keys never overtake themselves.
    datasets: what the configuration makes it write, for lineage.
    """

    name: str
    version: str
    summary: str
    config: type[ConnectorConfig]
    open: Callable[[Any, str], AbstractAsyncContextManager[Sink]]
    hosts: Callable[[Any], tuple[str, ...]]
    guarantee: Guarantee
    max_batch_events: int
    max_in_flight: Callable[[Any], int] = lambda _config: 1
    datasets: Callable[[Any], tuple[Dataset, ...]] = no_datasets
