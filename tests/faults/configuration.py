"""The configurations that the product is run with."""

from typing import Any

from router.dev.endpoints import HOST, Endpoints

PARTITIONS = 4
MAX_BUFFERED_EVENTS = 2_000
SINK = "out"
PATH = "/hooks/faults"
SECRET_VARIABLE = "FAULTS_SECRET"
PASSWORD_VARIABLE = "FAULTS_PASSWORD"

_SECRET = f"${{env:{SECRET_VARIABLE}}}"
_PASSWORD = f"${{env:{PASSWORD_VARIABLE}}}"


def whole(
    endpoints: Endpoints,
    run: str,
    sink: dict[str, Any],
    *,
    port: int,
    admin_port: int,
    spool: str | None = None,
    processes: int = 1,
) -> dict[str, Any]:
    """One endpoint on the port, one topic, one sink. spool: a directory. spool and processes: of the ingress."""
    topic = _topic(run)
    verify = {"scheme": "standard_webhooks", "secrets": [_SECRET]}
    source: dict[str, Any] = {
        "connector": "webhook",
        "scopes": {"topics": [topic], "secrets": [_SECRET]},
        "config": {"path": PATH, "verify": verify},
        "routes": [{"topic": topic, "key": "data.key"}],
    }
    ingress: dict[str, Any] = {"port": port, "processes": processes}
    if spool is not None:
        ingress["spool"] = {"directory": spool, "ack_timeout_seconds": 1}
        source["spool"] = "on"
    # Shorter waits than by default, so that an outage of seconds shows what one of minutes would.
    retry = {"initial_seconds": 0.2, "max_seconds": 5, "give_up_after_seconds": 2}
    return {
        "name": run,
        "kafka": {
            "bootstrap_servers": endpoints.bootstrap_servers,
            "registry_url": endpoints.registry_url,
            "topics": {"partitions": PARTITIONS},
        },
        "ingress": ingress,
        "admin": {"port": admin_port},
        "sources": {"hooks": source},
        "sinks": {SINK: sink | {"tasks": 2, "delivery": {"max_buffered_events": MAX_BUFFERED_EVENTS, "retry": retry}}},
    }


def postgres(endpoints: Endpoints, run: str) -> dict[str, Any]:
    """A sink that appends to the run's table."""
    return {
        "connector": "postgres",
        "topics": [_topic(run)],
        "scopes": {
            "topics": [_topic(run)],
            "secrets": [_PASSWORD],
            "hosts": [f"{endpoints.postgres_host}:{endpoints.postgres_port}"],
        },
        "config": {
            "host": endpoints.postgres_host,
            "port": endpoints.postgres_port,
            "database": endpoints.postgres_database,
            "user": endpoints.postgres_user,
            "password": _PASSWORD,
            "table": run,
        },
    }


def http(run: str, port: int) -> dict[str, Any]:
    """A sink that posts to a port of ours."""
    return {
        "connector": "http",
        "topics": [_topic(run)],
        "scopes": {"topics": [_topic(run)], "secrets": [_SECRET], "hosts": [f"{HOST}:{port}"]},
        "config": {"url": f"http://{HOST}:{port}/in", "signing_secret": _SECRET},
    }


def _topic(run: str) -> str:
    return f"{run}.v1"
