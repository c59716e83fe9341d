"""Every path of the API, with the role that it needs."""

from router.config.models import AccessRole, Pipeline
from router.rest.changing import Changing
from router.rest.cluster import Cluster
from router.rest.describing import Describing
from router.rest.own import Own
from router.rest.reading import Reading
from router.rest.routing import Route, Routes

_ONE = "/connectors/{name}"


def routes(pipeline: Pipeline, cluster: Cluster) -> Routes:
    """The routes of a pipeline's API."""
    changing = Changing(pipeline, cluster)
    return Routes([*_reading(pipeline, cluster), *_operating(changing), *_administrating(changing)])


def _reading(pipeline: Pipeline, cluster: Cluster) -> list[Route]:
    role = AccessRole.VIEWER
    reading, describing, own = Reading(pipeline, cluster), Describing(pipeline, cluster), Own(pipeline, cluster)
    return [
        Route("GET", "/", role, describing.root, at_once=True),
        Route("GET", "/health", role, describing.health, at_once=True),
        Route("GET", "/connector-plugins", role, describing.plugins, at_once=True),
        Route("GET", "/connector-plugins/{plugin}/config", role, describing.plugin_config, at_once=True),
        Route("PUT", "/connector-plugins/{plugin}/config/validate", role, describing.validate, at_once=True),
        Route("GET", "/connectors", role, reading.connectors),
        Route("GET", _ONE, role, reading.connector),
        Route("GET", f"{_ONE}/config", role, reading.config),
        Route("GET", f"{_ONE}/status", role, reading.status),
        Route("GET", f"{_ONE}/tasks", role, reading.tasks),
        Route("GET", f"{_ONE}/tasks-config", role, reading.tasks_config),
        Route("GET", f"{_ONE}/tasks/{{task}}/status", role, reading.task_status),
        Route("GET", f"{_ONE}/topics", role, reading.topics),
        Route("GET", f"{_ONE}/offsets", role, reading.offsets),
        Route("GET", "/v1/connectors", role, own.connectors),
        Route("GET", "/v1/workers", role, own.workers),
        Route("GET", "/v1/flow", role, own.flow),
        Route("GET", "/v1/audit", role, own.audit),
    ]


def _operating(changing: Changing) -> list[Route]:
    role = AccessRole.OPERATOR
    return [
        Route("PUT", f"{_ONE}/pause", role, changing.pause, changes=True),
        Route("PUT", f"{_ONE}/resume", role, changing.resume, changes=True),
        Route("PUT", f"{_ONE}/stop", role, changing.stop, changes=True),
        Route("POST", f"{_ONE}/restart", role, changing.restart, changes=True),
        Route("POST", f"{_ONE}/tasks/{{task}}/restart", role, changing.restart_task, changes=True),
        Route("PATCH", f"{_ONE}/offsets", role, changing.alter_offsets, changes=True),
        Route("DELETE", f"{_ONE}/offsets", role, changing.reset_offsets, changes=True),
        Route("PUT", f"{_ONE}/topics/reset", role, changing.reset_topics, changes=True),
    ]


def _administrating(changing: Changing) -> list[Route]:
    role = AccessRole.ADMIN
    return [
        Route("POST", "/connectors", role, changing.create, changes=True),
        Route("PUT", f"{_ONE}/config", role, changing.put_config, changes=True),
        Route("PATCH", f"{_ONE}/config", role, changing.patch_config, changes=True),
        Route("DELETE", _ONE, role, changing.delete, changes=True),
    ]
