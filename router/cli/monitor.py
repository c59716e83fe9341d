"""`router monitor`: the role that watches what flows through the connectors."""

import asyncio
from importlib.metadata import version as installed_version

import uvloop

from router.api import ConnectorError, Reason
from router.cli.run import AdminPort, ConfigPath
from router.config.environment import environment
from router.config.load import load_offline
from router.config.models import Pipeline
from router.monitor.monitor import Monitor
from router.observability.admin import AdminServer
from router.observability.logs import configure
from router.observability.metrics import BUILD
from router.runtime.signals import stop_on_signals


def monitor(path: ConfigPath, admin_port: AdminPort = None) -> None:
    """Watch all connectors: how much flows, how fresh it is, how far sinks are behind, and what goes wrong."""
    settings = environment()
    configure(settings.log_level, settings.log_format)
    pipeline = load_offline(path).pipeline
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_watch(pipeline, admin_port or pipeline.admin.port))


async def _watch(pipeline: Pipeline, admin_port: int) -> None:
    stop = stop_on_signals()
    BUILD.labels(installed_version("northfield-con")).set(1)
    role = Monitor(pipeline)
    server = AdminServer(pipeline.admin.host, admin_port, role.waiting)
    await server.start()
    try:
        await role.run(stop)
    except ConnectorError as error:
        # Told to stop before it had started, it has not failed.
        if error.reason is not Reason.SHUTDOWN:
            raise
    finally:
        await server.close()
