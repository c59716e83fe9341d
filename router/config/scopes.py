"""What a connector's configuration makes it touch must be within the scopes it was given."""

from collections.abc import Iterable

from router.api import Reason
from router.config.faults import KeyPath
from router.config.files import Configuration
from router.config.models import Scopes, SinkSettings, SourceSettings
from router.config.names import canonical_address
from router.config.references import SecretUse

Owner = tuple[str, str]
"""`("sources", name)` or `("sinks", name)`."""


def check_source_topics(configuration: Configuration, owner: Owner, settings: SourceSettings) -> None:
    """Every route's topic is one that the source may write."""
    for index, route in enumerate(settings.routes):
        if route.topic is not None and route.topic not in settings.scopes.topics:
            _exceeded(configuration, (*owner, "routes", index, "topic"), owner, "topics", "This topic")


def check_sink_topics(configuration: Configuration, owner: Owner, settings: SinkSettings) -> None:
    """Every topic of the sink is one that it may read."""
    for index, topic in enumerate(settings.topics):
        if topic not in settings.scopes.topics:
            _exceeded(configuration, (*owner, "topics", index), owner, "topics", "This topic")


def check_secrets(
    configuration: Configuration, owner: Owner, scopes: Scopes, uses: Iterable[tuple[KeyPath, SecretUse]]
) -> None:
    """Every secret is one that the connector may use."""
    for path, use in uses:
        if use.reference not in scopes.secrets:
            _exceeded(configuration, path, owner, "secrets", f"The secret {use.reference}")


def check_hosts(configuration: Configuration, owner: Owner, scopes: Scopes, hosts: Iterable[str]) -> None:
    """Every address is one that the connector may connect to."""
    allowed = {canonical_address(host) for host in scopes.hosts}
    for host in hosts:
        if canonical_address(host) not in allowed:
            _exceeded(configuration, (*owner, "config"), owner, "hosts", "The `host:port` that it connects to")


def _exceeded(configuration: Configuration, path: KeyPath, owner: Owner, scope: str, what: str) -> None:
    place = f"{'.'.join(owner)}.scopes.{scope}"
    configuration.refuse(
        Reason.SCOPE_EXCEEDED,
        path,
        f"{what} is not within {place}.",
        f"Add it to {place} if the connector may touch it.",
    )
