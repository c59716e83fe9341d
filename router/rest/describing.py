"""The server itself, and the connectors that it can create."""

from http import HTTPStatus
from importlib.metadata import version

from aiohttp import web

from router.config.models import Pipeline
from router.rest.answers import RestError, body, shown
from router.rest.cluster import Cluster
from router.rest.definitions import definitions
from router.rest.documents import CLASS
from router.rest.plugins import Plugin, find, plugins
from router.rest.requests import Call, flat_map
from router.rest.validation import check, config_infos


class Describing:
    """The handlers."""

    def __init__(self, pipeline: Pipeline, cluster: Cluster) -> None:
        self._pipeline = pipeline
        self._cluster = cluster

    async def root(self, _call: Call) -> web.Response:
        """Which version this is, and of which cluster."""
        own = version("northfield-con")
        return body({"version": own, "commit": own, "kafka_cluster_id": await self._cluster.cluster_id()})

    async def health(self, _call: Call) -> web.Response:
        """Whether requests can be answered (KIP-1017)."""
        if not self._cluster.is_ready:
            message = "Worker is still starting up."
            return body({"status": "starting", "message": message}, HTTPStatus.SERVICE_UNAVAILABLE)
        message = "Worker has completed startup and is ready to handle requests."
        return body({"status": "healthy", "message": message})

    async def plugins(self, _call: Call) -> web.Response:
        """The connectors that can be created here; those that are pushed to are declared in files."""
        return body([{"class": one.name, "type": one.kind, "version": one.connector.version} for one in plugins()])

    async def plugin_config(self, call: Call) -> web.Response:
        """The definitions of a connector's settings."""
        return body([one.as_dict() for one in definitions(_plugin(call)).values()])

    async def validate(self, call: Call) -> web.Response:
        """What is wrong with a configuration, setting by setting; nothing is created."""
        flat = {key: text for key, text in flat_map(await call.json()).items() if text is not None}
        plugin = _plugin(call)
        given = find(flat.setdefault(CLASS, plugin.name))
        if given is not None and given.name != plugin.name:
            message = f"Included connector type {given.name} does not match request type {plugin.name}"
            raise RestError(HTTPStatus.BAD_REQUEST, message)
        return body(config_infos(check(self._pipeline, flat, self._cluster.view().connectors.entries)))


def _plugin(call: Call) -> Plugin:
    """The one of the path. Raises RestError (404)."""
    name = call.parameters["plugin"]
    plugin = find(name)
    if plugin is None:
        raise RestError(HTTPStatus.NOT_FOUND, f"Unknown plugin {shown(name)}.")
    return plugin
