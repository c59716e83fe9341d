"""Every metric: name, labels, help. Labels come from closed sets, never from ids, keys or messages."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from router.api import Reason
from router.fetching.observer import Emission
from router.fetching.states import State

REGISTRY = CollectorRegistry()

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
STATES = ("running", "paused", "stopped", "failed")

RECEIVED = Counter("con_received_total", "Requests that reached an endpoint.", ["source"], registry=REGISTRY)
ACCEPTED = Counter(
    "con_accepted_total", "Requests answered with 2xx: their events are durable.", ["source"], registry=REGISTRY
)
REFUSED = Counter("con_refused_total", "Requests refused, by reason.", ["source", "reason"], registry=REGISTRY)
ACCEPT_SECONDS = Histogram(
    "con_accept_seconds", "From the complete request to its answer.", ["source"], buckets=_SECONDS, registry=REGISTRY
)
ACCEPTED_BYTES = Counter("con_accepted_bytes_total", "Bytes of the bodies accepted.", ["source"], registry=REGISTRY)
PUBLISHED = Counter("con_published_total", "Events written to a topic.", ["source", "topic"], registry=REGISTRY)
REPEATED = Counter(
    "con_source_deduplicated_total",
    "Events that this process had accepted before, and did not publish again.",
    ["source"],
    registry=REGISTRY,
)
FILTERED = Counter("con_filtered_total", "Events that a route drops on purpose.", ["source"], registry=REGISTRY)

DELIVERED = Counter(
    "con_delivered_total", "Events that the sink accepted for the first time.", ["sink"], registry=REGISTRY
)
DEDUPLICATED = Counter("con_deduplicated_total", "Events that the sink had already.", ["sink"], registry=REGISTRY)
DEAD_LETTERED = Counter(
    "con_dead_lettered_total", "Records written to the dead-letter topic.", ["sink", "reason"], registry=REGISTRY
)
RETRIES = Counter("con_retries_total", "Failed attempts that will be repeated.", ["sink", "reason"], registry=REGISTRY)
WRITE_SECONDS = Histogram(
    "con_write_seconds", "How long the sink took for a batch.", ["sink"], buckets=_SECONDS, registry=REGISTRY
)
BUFFERED = Gauge("con_buffered_events", "Events held in memory for the sink.", ["sink"], registry=REGISTRY)
LEFT_ALONE = Gauge(
    "con_target_left_alone",
    "1 while the sink's target fails so much that it is tried by one call at a time.",
    ["sink"],
    registry=REGISTRY,
)
SINK_STATE = Gauge(
    "con_sink_state", "1 for the state that the sink's agent is in.", ["sink", "state"], registry=REGISTRY
)
TRANSACTIONS = Counter(
    "con_source_transactions_total",
    "Transactions that a source that fetches has committed.",
    ["source"],
    registry=REGISTRY,
)
COMMIT_SECONDS = Histogram(
    "con_source_commit_seconds",
    "How long a transaction of a source took, from its first record to its commit.",
    ["source"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
CHECKPOINT_TIME = Gauge(
    "con_source_checkpoint_timestamp_seconds",
    "When the source's last checkpoint was committed, since the epoch.",
    ["source"],
    registry=REGISTRY,
)
SOURCE_DEAD_LETTERED = Counter(
    "con_source_dead_lettered_total",
    "Records that could not be encoded and are in the source's dead-letter topic.",
    ["source", "reason"],
    registry=REGISTRY,
)
SOURCE_FAILURES = Counter(
    "con_source_failures_total",
    "Runs of a source that ended with an error; another run follows.",
    ["source", "reason"],
    registry=REGISTRY,
)
SOURCE_STATE = Gauge(
    "con_source_state", "1 for the state that the source's task is in.", ["source", "state"], registry=REGISTRY
)
SPOOL_BYTES = Gauge("con_spool_bytes", "Bytes on disk in the spool of the ingress.", registry=REGISTRY)
SPOOL_EVENTS = Gauge("con_spool_events", "Events in the spool, to be drained.", registry=REGISTRY)
SPOOLED = Counter("con_spooled_total", "Events made durable in the spool.", registry=REGISTRY)
SPOOL_DRAINED = Counter("con_spool_drained_total", "Events that left the spool for their topics.", registry=REGISTRY)
SPOOL_OLDEST = Gauge(
    "con_spool_oldest_timestamp_seconds",
    "When about the oldest event in the spool was accepted, since the epoch; 0 if it is empty.",
    registry=REGISTRY,
)
SPOOL_ERRORS = Counter(
    "con_spool_errors_total",
    "What the spool could not take, keep, read or publish, by reason.",
    ["reason"],
    registry=REGISTRY,
)
SPANS_DROPPED = Counter("con_trace_spans_dropped_total", "Spans that the collector did not take.", registry=REGISTRY)
LINEAGE_DROPPED = Counter(
    "con_lineage_events_dropped_total", "Lineage events that could not be sent.", registry=REGISTRY
)
CERTIFICATE_EXPIRY = Gauge(
    "con_tls_certificate_expiry_timestamp_seconds",
    "When the certificate of the ingress port ends, since the epoch.",
    registry=REGISTRY,
)
CERTIFICATE_RELOADS = Counter(
    "con_tls_certificate_reloads_total",
    "Changes of the certificate, by outcome: loaded, or failed, and then the old one stays.",
    ["outcome"],
    registry=REGISTRY,
)
ENDPOINT_RELOADS = Counter(
    "con_ingress_reloads_total",
    "Changes of the endpoints' configuration, by outcome: loaded, or failed, and then the old endpoints stay.",
    ["outcome"],
    registry=REGISTRY,
)
RECEIVER_REFRESH_FAILURES = Counter(
    "con_receiver_refresh_failures_total",
    "Attempts to fetch a receiver's keys that failed; the ones it has stay as long as they may be used.",
    ["source", "reason"],
    registry=REGISTRY,
)
READY = Gauge("con_ready", "1 while `/readyz` says that the process works, otherwise 0.", registry=REGISTRY)
BUILD = Gauge("con_build_info", "Always 1; the version is the label.", ["version"], registry=REGISTRY)


class SourceMetrics:
    """Counts what happens to one source's requests and events."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._received = RECEIVED.labels(source)
        self._accepted = ACCEPTED.labels(source)
        self._seconds = ACCEPT_SECONDS.labels(source)
        self._bytes = ACCEPTED_BYTES.labels(source)
        self._filtered = FILTERED.labels(source)
        self._repeated = REPEATED.labels(source)
        self._published: dict[str, Counter] = {}

    def accepted(self, seconds: float, size: int) -> None:
        """A request was answered with 2xx."""
        self._received.inc()
        self._accepted.inc()
        self._seconds.observe(seconds)
        self._bytes.inc(size)

    def refused(self, reason: Reason) -> None:
        """A request was refused."""
        self._received.inc()
        REFUSED.labels(self._source, reason).inc()

    def published(self, topic: str) -> None:
        """An event is durable on a topic."""
        counter = self._published.get(topic)
        if counter is None:
            counter = self._published[topic] = PUBLISHED.labels(self._source, topic)
        counter.inc()

    def deduplicated(self, events: int) -> None:
        """Events were accepted before."""
        self._repeated.inc(events)

    def filtered(self) -> None:
        """A route dropped an event."""
        self._filtered.inc()


class SourceTaskMetrics:
    """Counts what happens to one source that fetches; a `TaskObserver`."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._states = {state: SOURCE_STATE.labels(source, state.lower()) for state in State}
        self.state(State.UNASSIGNED)

    def committed(self, emission: Emission) -> None:
        """Records and checkpoint are durable."""
        if not emission.is_empty:
            TRANSACTIONS.labels(self._source).inc()
            COMMIT_SECONDS.labels(self._source).observe(emission.seconds)
        for topic, count in emission.published.items():
            PUBLISHED.labels(self._source, topic).inc(count)
        FILTERED.labels(self._source).inc(emission.filtered)
        for reason in emission.dead:
            SOURCE_DEAD_LETTERED.labels(self._source, reason).inc()
        if emission.checkpoint:
            CHECKPOINT_TIME.labels(self._source).set_to_current_time()

    def failed(self, reason: Reason) -> None:
        """A run ended with an error."""
        SOURCE_FAILURES.labels(self._source, reason).inc()

    def state(self, state: State) -> None:
        """The task is in this state now."""
        for name, gauge in self._states.items():
            gauge.set(name is state)


class SinkMetrics:
    """Counts what happens to one sink's events; a `DeliveryObserver`."""

    def __init__(self, sink: str) -> None:
        self._sink = sink
        self._delivered = DELIVERED.labels(sink)
        self._deduplicated = DEDUPLICATED.labels(sink)
        self._seconds = WRITE_SECONDS.labels(sink)
        self._buffered = BUFFERED.labels(sink)
        self._left_alone = LEFT_ALONE.labels(sink)
        self._states = {state: SINK_STATE.labels(sink, state) for state in STATES}
        self._state = ""

    @property
    def current_state(self) -> str:
        """One of STATES, or empty before the start."""
        return self._state

    def delivered(self, events: int, duplicates: int, seconds: float) -> None:
        """A write returned."""
        self._delivered.inc(events - duplicates)
        self._deduplicated.inc(duplicates)
        self._seconds.observe(seconds)
        if self._state != "running":
            self.state("running")

    def deduplicated(self, events: int) -> None:
        """Events were not offered again."""
        self._deduplicated.inc(events)

    def failed(self, reason: Reason, retry_in_seconds: float) -> None:  # noqa: ARG002  the delay is for the log
        """A write raised and will be repeated."""
        RETRIES.labels(self._sink, reason).inc()
        if self._state != "paused":
            self.state("paused")

    def dead_lettered(self, reason: Reason) -> None:
        """A record is in the dead-letter topic."""
        DEAD_LETTERED.labels(self._sink, reason).inc()

    def state(self, state: str) -> None:
        """The agent changed its state."""
        self._state = state
        for name, gauge in self._states.items():
            gauge.set(name == state)

    def buffered(self, change: int) -> None:
        """More or fewer events are held in memory."""
        self._buffered.inc(change)

    def left_alone(self, is_left_alone: bool) -> None:
        """The circuit breaker before the target has opened or closed."""
        self._left_alone.set(is_left_alone)
