"""What Kafka Connect has no words for, below `/v1`."""

from dataclasses import asdict
from typing import Any

from aiohttp import web

from router.config.models import Pipeline
from router.monitor.view import read_view
from router.rest.answers import body
from router.rest.audit import read_audit
from router.rest.cluster import Cluster
from router.rest.requests import Call
from router.rest.statuses import View

_AUDIT_DEFAULT = 100
_AUDIT_MOST = 1_000


class Own:
    """The handlers."""

    def __init__(self, pipeline: Pipeline, cluster: Cluster) -> None:
        self._pipeline = pipeline
        self._cluster = cluster

    async def connectors(self, _call: Call) -> web.Response:
        """All connectors with their settings as in YAML, their tasks and what is wrong with them."""
        view = self._cluster.view()
        return body([described(view, name) for name in sorted(view.connectors.entries)])

    async def workers(self, _call: Call) -> web.Response:
        """The workers, and how many tasks each runs."""
        view = self._cluster.view()
        return body([described_worker(view, worker) for worker in sorted(view.statuses.workers)])

    async def flow(self, _call: Call) -> web.Response:
        """How much flows through each connector, as the monitor said last; empty if none runs."""
        flows = await read_view(self._pipeline.kafka.bootstrap_servers, self._pipeline.name)
        return body([asdict(flows[name]) for name in sorted(flows)])

    async def audit(self, call: Call) -> web.Response:
        """Who changed what, the newest first."""
        newest = call.number("limit", _AUDIT_DEFAULT, _AUDIT_MOST)
        servers = self._pipeline.kafka.bootstrap_servers
        return body({"records": await read_audit(servers, self._pipeline.name, newest)})


def described(view: View, name: str) -> dict[str, Any]:
    """Everything that is known of a connector."""
    entry = view.connectors.entries[name]
    return {
        "name": name,
        "kind": entry.kind,
        "connector": entry.settings.get("connector"),
        "state": view.worst(name),
        "target": view.target(name),
        "origin": entry.origin,
        "version": entry.version,
        "changed_at": entry.changed_at,
        "changed_by": entry.changed_by,
        "settings": entry.settings,
        "tasks": [
            {
                "id": task.number,
                "state": task.state,
                "worker": task.worker or None,
                "since": task.since or None,
                "version": task.version,
                "error": task.trace or None,
            }
            for task in view.tasks(name)
        ],
    }


def described_worker(view: View, worker: str) -> dict[str, Any]:
    """A worker, whether it is there, and its tasks."""
    seen = view.statuses.workers[worker]
    tasks = [f"{name}-{number}" for (name, number), task in view.statuses.tasks.items() if task.worker_id == worker]
    is_alive = view.is_alive(worker)
    return {
        "id": worker,
        "alive": is_alive,
        "since": seen.since,
        "seen": seen.seen,
        "tasks": sorted(tasks) if is_alive else [],
    }
