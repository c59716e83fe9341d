"""The shape of a configuration file: sources, routes and sinks, nested by concern."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from router.config.egress import EgressSettings
from router.config.front import CorsSettings, DrainSettings, ForwardedHeaders, Network, TlsSettings
from router.config.limits import EndpointLimits, LimitSettings
from router.config.names import host_port, http_address, is_loopback, plain_name, scoped, secret_reference, topic_name
from router.config.schedule import cron_line, time_zone
from router.config.spool import SpoolMode, SpoolSettings
from router.config.vault import VaultSettings

Name = Annotated[str, AfterValidator(plain_name)]
TopicName = Annotated[str, AfterValidator(topic_name)]
ScopedTopic = Annotated[str, AfterValidator(scoped), AfterValidator(topic_name)]
ScopedSecret = Annotated[str, AfterValidator(scoped), AfterValidator(secret_reference)]
ScopedHost = Annotated[str, AfterValidator(scoped), AfterValidator(host_port)]
HttpAddress = Annotated[str, AfterValidator(http_address)]
CronLine = Annotated[str, AfterValidator(cron_line)]
TimeZone = Annotated[str, AfterValidator(time_zone)]


class Model(BaseModel):
    """Frozen, extra keys refused, and the input kept out of error messages, since it may be a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class TopicSettings(Model):
    """How topics are created; an existing topic is never altered."""

    partitions: int = Field(4, ge=1, le=1000, description="Partitions of a new topic.")
    replication_factor: int = Field(1, ge=1, le=15, description="Replicas of each partition.")
    min_insync_replicas: int = Field(1, ge=1, le=15, description="Replicas that must have a record before it counts.")
    retention_hours: int = Field(168, ge=1, description="How long records are kept.")

    @model_validator(mode="after")
    def _replicas_suffice(self) -> Self:
        if self.min_insync_replicas > self.replication_factor:
            message = "min_insync_replicas exceeds replication_factor, so that nothing could be written"
            raise ValueError(message)
        return self


class KafkaSettings(Model):
    """Where the brokers and the schema registry are."""

    bootstrap_servers: str = Field(min_length=1, description="`host:port` of one or more brokers, with commas.")
    registry_url: str = Field(
        pattern=r"^https?://",
        description="The schema registry's address (Confluent's API, such as `http://host:8081`).",
    )
    topics: TopicSettings = TopicSettings()


class IngressSettings(Model):
    """The HTTP port that webhooks are pushed to."""

    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8080, ge=1, le=65535, description="The port to listen on.")
    processes: int = Field(1, ge=1, le=64, description="Processes that share the port (SO_REUSEPORT).")
    max_body_bytes: int = Field(
        1_048_576, ge=1, le=64 * 1_048_576, description="The largest body, after decompression."
    )
    request_timeout_seconds: float = Field(10, gt=0, description="How long the head of a request may take.")
    limits: LimitSettings = LimitSettings()
    spool: SpoolSettings | None = Field(None, description="Where events wait on disk while the brokers are away.")
    tls: TlsSettings | None = Field(None, description="TLS at the port itself, where no proxy ends it.")
    trusted_proxies: tuple[Network, ...] = Field(
        (), description="The networks of the proxies that tell who the sender is, such as `10.0.0.0/8`."
    )
    proxy_protocol: bool = Field(
        False, description="Each connection begins with a PROXY header, and only `trusted_proxies` may connect."
    )
    forwarded_headers: ForwardedHeaders | None = Field(
        None, description="The headers in which `trusted_proxies` tell of the sender: `forwarded` or `x-forwarded`."
    )
    cors: CorsSettings | None = Field(None, description="Web pages that may send from a browser; default: none.")
    drain: DrainSettings = DrainSettings()

    @model_validator(mode="after")
    def _proxies_are_known(self) -> Self:
        if (self.proxy_protocol or self.forwarded_headers) and not self.trusted_proxies:
            message = "name the proxies in `trusted_proxies`: nobody else is believed"
            raise ValueError(message)
        if self.proxy_protocol and self.tls is not None:
            message = "with `proxy_protocol` the proxy has to end TLS: give either of them"
            raise ValueError(message)
        return self


class AdminSettings(Model):
    """The port of metrics and health. Further processes of a role take the next ports."""

    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(9464, ge=1, le=65535, description="The first port of `/metrics`, `/livez` and `/readyz`.")


class AccessRole(StrEnum):
    """What a token allows: each role also what those before it do."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class ApiToken(Model):
    """Who may use the API. The token itself stands nowhere: `router token` prints it once, and this line."""

    name: str = Field(min_length=1, max_length=64, pattern=r"^[\x20-\x7e]+$", description="Whose it is, for the audit.")
    role: AccessRole = Field(
        description="`viewer` reads, `operator` also pauses, restarts and moves offsets, `admin` does everything."
    )
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="The SHA-256 of the token, in lower-case hex.")


class ApiSettings(Model):
    """The port of the REST API, which speaks Kafka Connect's dialect."""

    host: str = Field("127.0.0.1", description="The address to listen on; without tokens a loopback one only.")
    port: int = Field(8083, ge=1, le=65535, description="The port to listen on.")
    tokens: tuple[ApiToken, ...] = Field((), description="Who may use it. None: everybody on this machine, as `admin`.")

    @model_validator(mode="after")
    def _closed_by_default(self) -> Self:
        if not self.tokens and not is_loopback(self.host):
            message = "without tokens the API listens on a loopback address only, such as 127.0.0.1"
            raise ValueError(message)
        if len({token.sha256 for token in self.tokens}) < len(self.tokens):
            message = "two tokens are the same, so that nobody could tell who used it"
            raise ValueError(message)
        return self


class LineageSettings(Model):
    """Where OpenLineage's events go: to a topic or to an address."""

    topic: TopicName | None = Field(None, description="The topic that they are written to, as JSON.")
    url: HttpAddress | None = Field(None, description="The address of a backend such as Marquez.")
    interval_seconds: float = Field(300, ge=1, le=86_400, description="How often a connector says that it runs.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.topic is None) is (self.url is None):
            message = "give either `topic` or `url`"
            raise ValueError(message)
        return self


class TracesSettings(Model):
    """Where OpenTelemetry's spans go, and of how many traces."""

    otlp_url: HttpAddress = Field(description="The collector's address, such as `http://collector:4318/v1/traces`.")
    sample_ratio: float = Field(
        0.01,
        ge=0,
        le=1,
        description="The part of the traces begun here that is recorded; others decide for themselves.",
    )


class Scopes(Model):
    """What a connector may touch; it gets nothing else, and without scopes it is refused."""

    topics: tuple[ScopedTopic, ...] = Field(
        min_length=1, description="Topics that it may write (sources) or read (sinks)."
    )
    secrets: tuple[ScopedSecret, ...] = Field((), description="Secret references that it may use.")
    hosts: tuple[ScopedHost, ...] = Field((), description="`host:port` addresses that it may connect to.")


class Drift(StrEnum):
    """What happens to data whose schema is not one of the topic's."""

    PROPAGATE = "propagate"
    FREEZE = "freeze"
    PAUSE = "pause"


class Route(Model):
    """One rule: the first whose `when` holds decides. The last one must have no `when`."""

    when: str | None = Field(
        None, description="A CEL expression over `type, id, subject, tenant, source, headers, data`."
    )
    topic: TopicName | None = Field(None, description="The topic to publish to.")
    drop: bool = Field(False, description="Count the record as filtered instead of publishing it.")
    key: str | None = Field(
        None, description="A CEL expression for the ordering key; default: the subject, else the id."
    )
    drift: Drift = Field(
        Drift.PROPAGATE,
        description="Data with a schema that the topic does not have: `propagate` registers it if it is compatible, "
        "`freeze` dead-letters the data, `pause` lets the source wait until the schema is accepted.",
    )


class Schedule(Model):
    """When a source that has caught up runs again: after an interval, or at the times of a cron line."""

    interval_seconds: float | None = Field(None, gt=0, le=604_800, description="From the end of a run to the next.")
    jitter: float = Field(0.1, ge=0, le=1, description="The part of the interval by which it may be longer.")
    cron: CronLine | None = Field(None, max_length=128, description="Five fields: minute, hour, day, month, weekday.")
    time_zone: TimeZone = Field("UTC", description="The zone that `cron` is in, such as `Europe/Berlin`.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.interval_seconds is None) is (self.cron is None):
            message = "give either `interval_seconds` or `cron`"
            raise ValueError(message)
        return self


class SourceSettings(Model):
    """A source and where its records go."""

    connector: str = Field(description="The connector's name, such as `webhook`.")
    scopes: Scopes
    config: dict[str, Any] = Field(default_factory=dict, description="The connector's own settings.")
    schedule: Schedule = Field(Schedule(interval_seconds=60), description="Of sources that fetch and do not stream.")
    tenant: str | None = Field(None, max_length=128, description="The tenant that all its records belong to.")
    limits: EndpointLimits = Field(EndpointLimits(), description="Of sources that others push to.")
    spool: SpoolMode = Field(
        SpoolMode.OFF,
        description="Of sources that others push to. `on`: events wait on disk while the brokers are away; `required`: "
        "the same, and without a spool nothing is accepted.",
    )
    routes: tuple[Route, ...] = Field(min_length=1, description="Rules in order; the first match decides.")


class RetrySettings(Model):
    """Jittered exponential back-off, and for how long where giving up is allowed at all."""

    initial_seconds: float = Field(0.5, gt=0, le=60, description="The first delay; each next one doubles.")
    max_seconds: float = Field(30, gt=0, le=3600, description="The longest delay.")
    give_up_after_seconds: float = Field(
        300, ge=0, description="When errors of action `retry_then_dead_letter` are dead-lettered."
    )

    @model_validator(mode="after")
    def _delays_grow(self) -> Self:
        if self.initial_seconds > self.max_seconds:
            message = "initial_seconds exceeds max_seconds"
            raise ValueError(message)
        return self


class KeySettings(Model):
    """How many idempotency keys a sink remembers, so as not to deliver the same event again."""

    window_hours: int = Field(
        168, ge=168, le=8_760, description="How long; longer than any sender repeats, and any signature is valid."
    )
    per_partition: int = Field(
        2_500_000,
        ge=1_000,
        le=100_000_000,
        description="How many at most, 30 bytes of memory each; beyond, the oldest go before their time.",
    )


class DeadLetterSettings(Model):
    """Of a sink: when so much is refused that the fault will not be with the events, and what is kept for how long."""

    most: int = Field(50, ge=1, le=100_000, description="So many of the last events may be dead-lettered.")
    of: int = Field(100, ge=1, le=100_000, description="How many events are looked back upon.")
    park_after: int = Field(
        5,
        ge=1,
        le=1_000,
        description="A record that has been refused so often is parked: no replay means it by itself.",
    )
    retention_hours: int | None = Field(
        None, ge=1, description="How long dead letters are kept, in a new topic; default: for ever."
    )

    @model_validator(mode="after")
    def _most_is_reachable(self) -> Self:
        if self.most > self.of:
            message = "most exceeds of, so that it would never be reached"
            raise ValueError(message)
        return self


class DeliveryOrder(StrEnum):
    """Which events wait for one another."""

    KEY = "key"
    NONE = "none"


class DeliverySettings(Model):
    """How a sink's agent delivers."""

    group: str | None = Field(None, max_length=249, description="The consumer group; default `<pipeline>.<sink>`.")
    max_batch_events: int | None = Field(
        None, ge=1, le=100_000, description="Fewer events a write than the connector takes."
    )
    max_batch_bytes: int = Field(
        16_777_216, ge=1, description="When a write is full before it has so many events, in bytes of their values."
    )
    batch_seconds: float = Field(
        0, ge=0, le=3_600, description="How long the first event of a write waits for others to fill it."
    )
    order: DeliveryOrder = Field(
        DeliveryOrder.KEY,
        description="`key`: events of a key one after the other. `none`: no event waits for another, for sinks that "
        "take several at a time; those with a position keep the order of the topic all the same.",
    )
    max_events_per_second: float | None = Field(
        None, gt=0, le=1_000_000, description="How many the target gets at most, from all workers together."
    )
    max_buffered_events: int = Field(20_000, ge=1, description="Events held per partition before it is paused.")
    max_buffered_bytes: int = Field(
        33_554_432, ge=1_048_576, description="Bytes held per partition before it is paused."
    )
    retry: RetrySettings = RetrySettings()
    dead_letters: DeadLetterSettings = DeadLetterSettings()
    keys: KeySettings = KeySettings()


class SinkSettings(Model):
    """A sink and what it consumes."""

    connector: str = Field(description="The connector's name, such as `postgres`.")
    topics: tuple[TopicName, ...] = Field(min_length=1, description="The topics to deliver.")
    tasks: int = Field(1, ge=1, le=64, description="How many tasks share the partitions, on as many workers at most.")
    scopes: Scopes
    config: dict[str, Any] = Field(default_factory=dict, description="The connector's own settings.")
    delivery: DeliverySettings = DeliverySettings()


class Pipeline(Model):
    """A whole configuration: one file, or the files of a directory taken together."""

    name: Name = Field(description="The pipeline's name, in lower case; the prefix of its groups.")
    kafka: KafkaSettings
    ingress: IngressSettings = IngressSettings()
    admin: AdminSettings = AdminSettings()
    api: ApiSettings | None = Field(None, description="The REST API that `router api` and `router run` serve.")
    vault: VaultSettings | None = Field(None, description="Where secrets written `${vault:mount/path#field}` are.")
    lineage: LineageSettings | None = Field(None, description="What reads and writes which data, as OpenLineage.")
    traces: TracesSettings | None = Field(None, description="The way of single events, as OpenTelemetry.")
    egress: EgressSettings = EgressSettings()
    sources: dict[Name, SourceSettings] = Field(default_factory=dict, description="Sources by name.")
    sinks: dict[Name, SinkSettings] = Field(default_factory=dict, description="Sinks by name.")
