"""`GET` of Kafka Connect's dialect: connectors, their configurations, tasks, topics and offsets."""

from http import HTTPStatus
from typing import Any

from aiohttp import web

from router.config.loaded import LoadedSource
from router.config.models import Pipeline
from router.control.records import Entry
from router.fetching.states import State
from router.rest.answers import RestError, body, no_such_connector
from router.rest.cluster import Cluster
from router.rest.documents import write
from router.rest.offsets import SinkOffsets, SourceOffsets
from router.rest.plugins import find
from router.rest.requests import Call
from router.rest.statuses import View, state_info, task_count, task_state
from router.rest.validation import load_entry


class Reading:
    """The handlers."""

    def __init__(self, pipeline: Pipeline, cluster: Cluster) -> None:
        self._pipeline = pipeline
        self._cluster = cluster

    async def connectors(self, call: Call) -> web.Response:
        """The names; with `expand`, of each what is asked for."""
        view = self._cluster.view()
        names = sorted(view.connectors.entries)
        if "expand" not in call.request.query:
            return body(names)
        wanted = call.request.query.getall("expand")
        return body({name: self._expanded(view, name, wanted) for name in names})

    async def connector(self, call: Call) -> web.Response:
        """Name, configuration and tasks."""
        view, _ = self._known(call)
        return body(info(view, call.name))

    async def config(self, call: Call) -> web.Response:
        """The flat configuration."""
        _, entry = self._known(call)
        return body(flat_config(call.name, entry))

    async def status(self, call: Call) -> web.Response:
        """The states of connector and tasks."""
        view, _ = self._known(call)
        return body(state_info(view, call.name))

    async def tasks(self, call: Call) -> web.Response:
        """The tasks, each with the configuration; none while it is stopped."""
        view, entry = self._known(call)
        config = flat_config(call.name, entry)
        return body([{"id": task, "config": config} for task in task_ids(view, call.name)])

    async def tasks_config(self, call: Call) -> web.Response:
        """The same by the tasks' names, as older tools ask for it."""
        view, entry = self._known(call)
        config = flat_config(call.name, entry)
        return body({f"{call.name}-{task['task']}": config for task in task_ids(view, call.name)})

    async def task_status(self, call: Call) -> web.Response:
        """The state of one task."""
        view, _ = self._known(call)
        number = task_number(view, call)
        return body(next(task_state(task) for task in view.tasks(call.name) if task.number == number))

    async def topics(self, call: Call) -> web.Response:
        """The topics that it writes or reads, as they are configured."""
        _, entry = self._known(call)
        return body({call.name: {"topics": topics(entry)}})

    async def offsets(self, call: Call) -> web.Response:
        """Where it is."""
        _, entry = self._known(call)
        return body({"offsets": await offsets_of(self._pipeline, call.name, entry).read()})

    def _known(self, call: Call) -> tuple[View, Entry]:
        return known(self._cluster.view(), call.name)

    def _expanded(self, view: View, name: str, wanted: list[str]) -> dict[str, Any]:
        expanded: dict[str, Any] = {}
        if "status" in wanted:
            expanded["status"] = state_info(view, name)
        if "info" in wanted:
            expanded["info"] = info(view, name)
        return expanded


def known(view: View, name: str) -> tuple[View, Entry]:
    """The connector's entry. Raises RestError (404)."""
    entry = view.connectors.entries.get(name)
    if entry is None:
        raise no_such_connector(name)
    return view, entry


def info(view: View, name: str) -> dict[str, Any]:
    """Connect's ConnectorInfo."""
    entry = view.connectors.entries[name]
    config = flat_config(name, entry)
    return {"name": name, "config": config, "tasks": task_ids(view, name), "type": entry.kind}


def flat_config(name: str, entry: Entry) -> dict[str, str]:
    """The entry's configuration as a flat map."""
    plugin = find(f"{entry.kind}.{entry.settings.get('connector')}")
    return write(plugin, name, entry.kind, entry.settings)


def task_ids(view: View, name: str) -> list[dict[str, Any]]:
    """The tasks that it has; none while it is stopped."""
    count = 0 if view.target(name) is State.STOPPED else task_count(view.connectors.entries[name])
    return [{"connector": name, "task": number} for number in range(count)]


def task_number(view: View, call: Call) -> int:
    """The task of the path. Raises RestError (404)."""
    text = call.parameters["task"]
    count = len(task_ids(view, call.name))
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) < count):  # noqa: PLR2004
        raise RestError(HTTPStatus.NOT_FOUND, f"Task {call.name}-{text[:10]} not found")
    return int(text)


def topics(entry: Entry) -> list[str]:
    """The topics of the entry's settings."""
    if entry.kind == "sink":
        return sorted(entry.settings.get("topics", ()))
    return sorted({route["topic"] for route in entry.settings.get("routes", ()) if route.get("topic")})


def offsets_of(pipeline: Pipeline, name: str, entry: Entry) -> SourceOffsets | SinkOffsets:
    """The offsets of a connector. Raises RestError (400) if its configuration cannot be used here."""
    loaded = load_entry(pipeline, name, entry)
    if isinstance(loaded, LoadedSource):
        return SourceOffsets(pipeline, name, loaded)
    return SinkOffsets(pipeline, name, loaded)
