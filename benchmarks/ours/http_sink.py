"""Ours in `http_sink`: the HTTP sink, two workers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import http_sink, webhooks
from benchmarks.ours.envelopes import Content, fill_with_envelopes
from benchmarks.ours.router import WORKERS, running_workers
from benchmarks.processes import Process
from benchmarks.receiver import nginx
from benchmarks.side import Measurement, Run
from benchmarks.topics import PARTITIONS

_TOPIC = "ours-events.v1"
_REFERENCE = "${env:SIGN_SECRET}"


class RouterHttp:
    """`router worker` with the HTTP sink."""

    def prepare(self, run: Run) -> None:
        """Find the receiver, and load the topic."""
        nginx()
        contents = (
            Content(number % PARTITIONS, webhooks.message_id(number), webhooks.body(number))
            for number in range(http_sink.EVENTS)
        )
        fill_with_envelopes(run.endpoints, _TOPIC, contents, None)

    def run(self, run: Run) -> Measurement:
        """Deliver the topic once."""
        return http_sink.measure(self, run)

    @contextmanager
    def send(self, run: Run, url: str, log: Path) -> Iterator[Process]:
        """Deliver while the context lasts."""
        sink = {
            "connector": "http",
            "topics": [_TOPIC],
            "tasks": WORKERS,
            "scopes": {"topics": [_TOPIC], "secrets": [_REFERENCE], "hosts": [urlsplit(url).netloc]},
            "config": {"url": url, "signing_secret": _REFERENCE, "max_in_flight": http_sink.IN_FLIGHT // WORKERS},
        }
        # The name is the run's, as what was delivered is remembered by it.
        pipeline = {"name": run.label, "sinks": {"out": sink}}
        with running_workers(run, log, pipeline, {"SIGN_SECRET": webhooks.SECRET}) as process:
            yield process
