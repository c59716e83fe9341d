"""The endpoint that a command is about: a source of a configuration, or just a scheme and a secret."""

import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import ValidationError

from router.api import ConnectorError, Reason, ReceiverConnector
from router.config import connectors
from router.config.environment import environment
from router.config.load import load
from router.config.secrets import SecretStore

DEFAULT_VARIABLE = "SIGNING_SECRET"
_CONNECTOR = "webhook"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Target(NamedTuple):
    """A receiver's connector, its configuration, and the endpoint's URL."""

    connector: ReceiverConnector
    config: Any
    url: str


def configured(path: Path, name: str | None) -> Target:
    """The endpoint of a source. Raises ConfigError, ConnectorError (USAGE)."""
    loaded = load(path, resolve=SecretStore(environment()).resolve)
    names = sorted(loaded.receivers)
    chosen = name or (names[0] if len(names) == 1 else "")
    if chosen not in loaded.receivers:
        raise ConnectorError(
            Reason.USAGE,
            f"{'There is no endpoint ' + repr(name) if name else 'There are several endpoints, or none'}.",
            fix=f"Name one with --source: {', '.join(names) or 'the configuration has no endpoints'}.",
        )
    source, ingress = loaded.receivers[chosen], loaded.pipeline.ingress
    scheme = "http" if ingress.tls is None else "https"
    host = "127.0.0.1" if ingress.host in ("0.0.0.0", "::") else ingress.host  # noqa: S104  nothing is bound here
    address = f"[{host}]" if ":" in host else host
    path_of = source.connector.path(source.config)
    return Target(source.connector, source.config, f"{scheme}://{address}:{ingress.port}{path_of}")


def of_scheme(scheme: str, secret_variable: str, url: str) -> Target:
    """An endpoint with nothing but a scheme and a secret in the environment. Raises ConnectorError (USAGE)."""
    connector = connectors.sources().get(_CONNECTOR)
    if not isinstance(connector, ReceiverConnector) or not _NAME.fullmatch(secret_variable):
        raise ConnectorError(Reason.USAGE, f"{secret_variable!r} is no name of an environment variable.")
    verify = {"scheme": scheme, "secrets": [f"${{env:{secret_variable}}}"]}
    content = {"path": urlsplit(url).path.rstrip("/") or "/hooks", "verify": verify}
    try:
        config = connector.config.model_validate(content, context={"resolve": SecretStore(environment()).resolve})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        message = f"The scheme {scheme!r} cannot be used like this: {place}: {first['msg']}."
        raise ConnectorError(
            Reason.USAGE, message, fix="Give its settings in a file: --config PATH --source NAME."
        ) from None
    return Target(connector, config, url)
