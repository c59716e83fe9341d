"""Each route of a source by itself, so that every faulty expression is found, not only the first."""

from router.api import ConnectorError, Reason
from router.config.files import Configuration
from router.config.models import Route, SourceSettings
from router.config.scopes import Owner
from router.routing import compile_routes

_REST = Route(drop=True)


def check_routes(configuration: Configuration, owner: Owner, settings: SourceSettings) -> None:
    """Every expression compiles, every route decides and can be reached, and every record meets one."""
    last = len(settings.routes) - 1
    for index, route in enumerate(settings.routes):
        path = (*owner, "routes", index)
        if route.when is not None:
            _compile(configuration, (*path, "when"), Route(when=route.when, drop=True))
        if route.key is not None:
            _compile(configuration, (*path, "key"), Route(when="true", topic="any", key=route.key))
        if (route.topic is None) is not route.drop:
            message = "A route needs either a `topic` or `drop: true`."
            configuration.refuse(Reason.ROUTE_INCOMPLETE, path, message, "Give exactly one of them.")
        if route.when is None and index < last:
            message = "This route takes every record, so that the routes after it are never reached."
            configuration.refuse(Reason.ROUTE_INCOMPLETE, path, message, "Give it a `when`, or move it to the end.")
        if route.when is not None and index == last:
            message = "Records that match no route would have nowhere to go."
            fix = "End with a route without `when`: a `topic`, or `drop: true`."
            configuration.refuse(Reason.ROUTE_INCOMPLETE, path, message, fix)


def _compile(configuration: Configuration, path: tuple[str | int, ...], route: Route) -> None:
    try:
        compile_routes("check", (route, _REST))
    except ConnectorError as error:
        configuration.refuse(error.reason, path, error.message, error.fix)
