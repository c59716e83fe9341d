"""`router api`: serve the REST API of a pipeline."""

import asyncio
from importlib.metadata import version as installed_version

import uvloop

from router.api import ConnectorError, Reason
from router.cli.run import AdminPort, ConfigPath
from router.config.environment import environment
from router.config.load import load_offline
from router.config.loaded import Loaded
from router.observability.admin import AdminServer
from router.observability.logs import configure
from router.observability.metrics import BUILD
from router.rest.server import Api
from router.runtime.signals import stop_on_signals


def api(path: ConfigPath, admin_port: AdminPort = None) -> None:
    """Serve the REST API: Kafka Connect's dialect for connectors. It reads no secret and runs no connector."""
    settings = environment()
    configure(settings.log_level, settings.log_format)
    loaded = load_offline(path)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(loaded, admin_port or loaded.pipeline.admin.port))


async def _serve(loaded: Loaded, admin_port: int) -> None:
    stop = stop_on_signals()
    BUILD.labels(installed_version("northfield-con")).set(1)
    role = Api(loaded)
    server = AdminServer(loaded.pipeline.admin.host, admin_port, role.waiting)
    await server.start()
    try:
        await role.run(stop)
    except ConnectorError as error:
        # Told to stop before it had started, it has not failed.
        if error.reason is not Reason.SHUTDOWN:
            raise
    finally:
        await server.close()
