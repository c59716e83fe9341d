"""What must hold between the parts of a configuration."""

from collections.abc import Iterator, Mapping

from router.api import Reason
from router.config.faults import KeyPath
from router.config.files import Configuration
from router.config.loaded import LoadedReceiver, LoadedSink, LoadedSource
from router.config.models import Pipeline, SinkSettings
from router.config.names import OWN_TOPICS, canonical_address, consumer_group, workers_group
from router.config.spool import SpoolMode

_EVERY_INTERFACE = frozenset({"0.0.0.0", "::"})  # noqa: S104  recognised, not bound
_LOOPBACK = ("127.0.0.1", "localhost", "::1", "0.0.0.0")  # noqa: S104


def check_paths(configuration: Configuration, receivers: Mapping[str, LoadedReceiver]) -> None:
    """No two endpoints share a path."""
    owners: dict[str, str] = {}
    for name, receiver in receivers.items():
        path = receiver.connector.path(receiver.config)
        first = owners.setdefault(path, name)
        if first != name:
            configuration.refuse(
                Reason.CONFIG_KEY_DUPLICATE,
                _setting(configuration, ("sources", name, "config"), "path"),
                f"The source {first} has the same path.",
                "Give each source a path of its own.",
            )


def check_spools(configuration: Configuration, pipeline: Pipeline, receivers: Mapping[str, LoadedReceiver]) -> None:
    """Only endpoints have a spool, and only if the port has a directory for it."""
    for name, source in pipeline.sources.items():
        if source.spool is SpoolMode.OFF:
            continue
        path = ("sources", name, "spool")
        if name not in receivers:
            message = "Only sources that others push to have a spool; this one reads again what it could not publish."
            configuration.refuse(Reason.CONFIG_INVALID, path, message, "Leave `spool` out.")
        elif pipeline.ingress.spool is None:
            message = "The ingress has no directory for a spool."
            configuration.refuse(Reason.CONFIG_INVALID, path, message, "Set `ingress.spool.directory`.")


def check_unused(
    configuration: Configuration, receivers: Mapping[str, LoadedReceiver], sources: Mapping[str, LoadedSource]
) -> None:
    """No source has a setting that has no effect on one of its kind."""
    for name, receiver in receivers.items():
        if "schedule" in receiver.settings.model_fields_set:
            message = "Only sources that fetch have a schedule; to this one others push."
            configuration.refuse(Reason.CONFIG_INVALID, ("sources", name, "schedule"), message, "Leave it out.")
    for name, source in sources.items():
        if source.connector.streams_on and "schedule" in source.settings.model_fields_set:
            message = "This source streams on without an end, so that no schedule starts it again."
            configuration.refuse(Reason.CONFIG_INVALID, ("sources", name, "schedule"), message, "Leave it out.")
        if source.settings.limits.rate is not None:
            message = "Only sources that others push to have limits; this one fetches at its own pace."
            configuration.refuse(Reason.CONFIG_INVALID, ("sources", name, "limits"), message, "Leave it out.")


def check_groups(configuration: Configuration, pipeline: str, sinks: Mapping[str, SinkSettings]) -> None:
    """No two sinks share a consumer group: each would get a part of the events only."""
    owners: dict[str, str] = {}
    for name, settings in sinks.items():
        group = consumer_group(pipeline, name, settings.delivery.group)
        if group == workers_group(pipeline):
            message = "This is the consumer group in which the workers share the tasks."
            configuration.refuse(
                Reason.CONFIG_INVALID, ("sinks", name), message, "Give the sink, or its group, another name."
            )
        first = owners.setdefault(group, name)
        if first != name:
            configuration.refuse(
                Reason.CONFIG_KEY_DUPLICATE,
                ("sinks", name, "delivery", "group"),
                f"The sink {first} has the same consumer group, so that each would get a part of the events only.",
                "Give each sink a group of its own, or leave it out.",
            )


def check_names(configuration: Configuration, pipeline: Pipeline) -> None:
    """No source has a sink's name: both would write their dead letters to one topic."""
    for name in pipeline.sinks:
        if name in pipeline.sources:
            configuration.refuse(
                Reason.CONFIG_KEY_DUPLICATE,
                ("sinks", name),
                "A source has the same name, so that both would have one topic of dead letters.",
                "Give the source or the sink another name.",
            )


def check_topics(configuration: Configuration, pipeline: Pipeline) -> None:
    """No topic of events, nor that of lineage, is one that the runtime keeps its own records in."""
    reserved = {own(pipeline.name) for own in OWN_TOPICS}
    if pipeline.lineage is not None and pipeline.lineage.topic is not None:
        if pipeline.lineage.topic in reserved:
            _refuse_own(configuration, ("lineage", "topic"))
        reserved.add(pipeline.lineage.topic)
    paths: list[tuple[KeyPath, str | None]] = [
        (("sources", name, "routes", index, "topic"), route.topic)
        for name, source in pipeline.sources.items()
        for index, route in enumerate(source.routes)
    ]
    paths += [
        (("sinks", name, "topics", index), topic)
        for name, sink in pipeline.sinks.items()
        for index, topic in enumerate(sink.topics)
    ]
    for path, topic in paths:
        if topic in reserved:
            _refuse_own(configuration, path)


def check_loops(configuration: Configuration, pipeline: Pipeline, sinks: Mapping[str, LoadedSink]) -> None:
    """No sink delivers to this pipeline's own ports."""
    own = set(_addresses(pipeline.ingress.host, pipeline.ingress.port))
    own |= set(_addresses(pipeline.admin.host, pipeline.admin.port))
    for name, sink in sinks.items():
        if own.intersection(canonical_address(host) for host in sink.connector.hosts(sink.config)):
            configuration.refuse(
                Reason.CONFIG_INVALID,
                _setting(configuration, ("sinks", name, "config"), "url"),
                "The sink would deliver to this pipeline's own port: events would go round for ever.",
                "Deliver somewhere else, or move `ingress.port` or `admin.port`.",
            )


def check_ports(configuration: Configuration, pipeline: Pipeline) -> None:
    """No two servers want the same port."""
    if pipeline.api is not None and pipeline.api.port in (pipeline.ingress.port, pipeline.admin.port):
        configuration.refuse(
            Reason.CONFIG_INVALID,
            ("api", "port"),
            "`api.port` is the same as `ingress.port` or `admin.port`.",
            "Give each its own port.",
        )
    if pipeline.ingress.port == pipeline.admin.port:
        configuration.refuse(
            Reason.CONFIG_INVALID,
            ("admin", "port"),
            "`ingress.port` and `admin.port` are the same.",
            "Give each its own port.",
        )


def _refuse_own(configuration: Configuration, path: KeyPath) -> None:
    message = "This topic is the runtime's own."
    configuration.refuse(Reason.CONFIG_INVALID, path, message, "Give what is written here a topic of its own.")


def _addresses(host: str, port: int) -> Iterator[str]:
    yield canonical_address(f"{host}:{port}")
    if host in _EVERY_INTERFACE or host.lower() in _LOOPBACK:
        yield from (canonical_address(f"{name}:{port}") for name in _LOOPBACK)


def _setting(configuration: Configuration, path: KeyPath, key: str) -> KeyPath:
    """The path with the key, where the configuration has it."""
    return (*path, key) if (*path, key) in configuration.places else path
