"""The error taxonomy as code. Generated from taxonomy.toml by `make generate`; do not edit."""

from enum import StrEnum
from typing import NamedTuple


class ErrorClass(StrEnum):
    """What kind of error it is; the closed set of the metric label `class`."""

    INPUT_INVALID = "INPUT_INVALID"
    AUTH_FAILED = "AUTH_FAILED"
    PERMISSION = "PERMISSION"
    CONFIG = "CONFIG"
    CONTRACT = "CONTRACT"
    DUPLICATE = "DUPLICATE"
    NOT_FOUND_TARGET = "NOT_FOUND_TARGET"
    RATE_LIMITED = "RATE_LIMITED"
    TRANSIENT_TARGET = "TRANSIENT_TARGET"
    TRANSIENT_BROKER = "TRANSIENT_BROKER"
    TRANSIENT_DEPENDENCY = "TRANSIENT_DEPENDENCY"
    OVERLOAD = "OVERLOAD"
    FENCED = "FENCED"
    INDETERMINATE = "INDETERMINATE"
    DLQ_BLOCKED = "DLQ_BLOCKED"
    INTERNAL_BUG = "INTERNAL_BUG"
    CANCELLED = "CANCELLED"


class Action(StrEnum):
    """What the runtime does about it; the only thing it switches on."""

    ACCEPT = "accept"
    DEAD_LETTER = "dead_letter"
    PAUSE = "pause"
    REOPEN = "reopen"
    RETRY = "retry"
    RETRY_THEN_DEAD_LETTER = "retry_then_dead_letter"
    STOP = "stop"


class Reason(StrEnum):
    """The stable code of an error; the closed set of the metric label `reason`."""

    PAYLOAD_MALFORMED = "PAYLOAD_MALFORMED"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    PAYLOAD_ENCODING = "PAYLOAD_ENCODING"
    ENCODING_UNSUPPORTED = "ENCODING_UNSUPPORTED"
    CONTENT_TYPE_UNSUPPORTED = "CONTENT_TYPE_UNSUPPORTED"
    TOO_MANY_ITEMS = "TOO_MANY_ITEMS"
    ID_MALFORMED = "ID_MALFORMED"
    DUPLICATE_HEADER = "DUPLICATE_HEADER"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
    TARGET_TOO_LONG = "TARGET_TOO_LONG"
    HEAD_TOO_LARGE = "HEAD_TOO_LARGE"
    TARGET_REJECTED = "TARGET_REJECTED"
    VALUE_OUT_OF_RANGE = "VALUE_OUT_OF_RANGE"
    HANDLER_FAILED = "HANDLER_FAILED"
    SIGNATURE_MISSING = "SIGNATURE_MISSING"
    SIGNATURE_MALFORMED = "SIGNATURE_MALFORMED"
    SIGNATURE_MISMATCH = "SIGNATURE_MISMATCH"
    TOO_MANY_SIGNATURES = "TOO_MANY_SIGNATURES"
    SCHEME_NOT_ALLOWED = "SCHEME_NOT_ALLOWED"
    TIMESTAMP_MISSING = "TIMESTAMP_MISSING"
    TIMESTAMP_MALFORMED = "TIMESTAMP_MALFORMED"
    TIMESTAMP_OUT_OF_WINDOW = "TIMESTAMP_OUT_OF_WINDOW"
    KEY_UNKNOWN = "KEY_UNKNOWN"
    CLAIM_NOT_ALLOWED = "CLAIM_NOT_ALLOWED"
    ADDRESS_NOT_ALLOWED = "ADDRESS_NOT_ALLOWED"
    ENDPOINT_UNKNOWN = "ENDPOINT_UNKNOWN"
    CREDENTIAL_REFUSED = "CREDENTIAL_REFUSED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    SCOPE_REQUIRED = "SCOPE_REQUIRED"
    SCOPE_EXCEEDED = "SCOPE_EXCEEDED"
    EGRESS_DENIED = "EGRESS_DENIED"
    CONFIG_INVALID = "CONFIG_INVALID"
    CONFIG_KEY_UNKNOWN = "CONFIG_KEY_UNKNOWN"
    CONFIG_KEY_DUPLICATE = "CONFIG_KEY_DUPLICATE"
    CONFIG_NOT_YAML = "CONFIG_NOT_YAML"
    CONFIG_NOT_FOUND = "CONFIG_NOT_FOUND"
    CONNECTOR_UNKNOWN = "CONNECTOR_UNKNOWN"
    EXPRESSION_INVALID = "EXPRESSION_INVALID"
    ROUTE_INCOMPLETE = "ROUTE_INCOMPLETE"
    SECRET_LITERAL = "SECRET_LITERAL"
    SECRET_NOT_FOUND = "SECRET_NOT_FOUND"
    SECRET_UNUSABLE = "SECRET_UNUSABLE"
    POSITION_LOST = "POSITION_LOST"
    TABLE_MISMATCH = "TABLE_MISMATCH"
    USAGE = "USAGE"
    PLAN_STALE = "PLAN_STALE"
    PORT_IN_USE = "PORT_IN_USE"
    STACK_RUNNING = "STACK_RUNNING"
    STACK_DOWNLOAD_FAILED = "STACK_DOWNLOAD_FAILED"
    STACK_COMPONENT_FAILED = "STACK_COMPONENT_FAILED"
    SCHEMA_UNKNOWN = "SCHEMA_UNKNOWN"
    SCHEMA_REJECTED = "SCHEMA_REJECTED"
    SCHEMA_FROZEN = "SCHEMA_FROZEN"
    SCHEMA_PAUSED = "SCHEMA_PAUSED"
    AVRO_MAGIC = "AVRO_MAGIC"
    AVRO_DECODE = "AVRO_DECODE"
    AVRO_TRAILING = "AVRO_TRAILING"
    AVRO_LIMIT = "AVRO_LIMIT"
    ENCODE_FAILED = "ENCODE_FAILED"
    ALREADY_PROCESSED = "ALREADY_PROCESSED"
    KEY_REUSED = "KEY_REUSED"
    TARGET_MISSING = "TARGET_MISSING"
    TARGET_GONE = "TARGET_GONE"
    RATE_LIMITED = "RATE_LIMITED"
    TOO_MANY_CONNECTIONS = "TOO_MANY_CONNECTIONS"
    TARGET_TIMEOUT = "TARGET_TIMEOUT"
    TARGET_5XX = "TARGET_5XX"
    TARGET_REDIRECTED = "TARGET_REDIRECTED"
    TARGET_UNREACHABLE = "TARGET_UNREACHABLE"
    TARGET_BUSY = "TARGET_BUSY"
    BROKER_UNAVAILABLE = "BROKER_UNAVAILABLE"
    BROKER_TIMEOUT = "BROKER_TIMEOUT"
    REGISTRY_UNAVAILABLE = "REGISTRY_UNAVAILABLE"
    SPOOL_UNAVAILABLE = "SPOOL_UNAVAILABLE"
    SECRET_UNAVAILABLE = "SECRET_UNAVAILABLE"
    QUEUE_FULL = "QUEUE_FULL"
    SPOOL_FULL = "SPOOL_FULL"
    DISK_FULL = "DISK_FULL"
    OVERLOADED = "OVERLOADED"
    PRODUCER_FENCED = "PRODUCER_FENCED"
    STALE_GENERATION = "STALE_GENERATION"
    POSITION_MOVED = "POSITION_MOVED"
    TRANSACTION_OUTCOME_UNKNOWN = "TRANSACTION_OUTCOME_UNKNOWN"
    SINK_OUTCOME_UNKNOWN = "SINK_OUTCOME_UNKNOWN"
    DLQ_UNAVAILABLE = "DLQ_UNAVAILABLE"
    DLQ_FLOODED = "DLQ_FLOODED"
    INTERNAL_BUG = "INTERNAL_BUG"
    SHUTDOWN = "SHUTDOWN"


class ReasonSpec(NamedTuple):
    """What the taxonomy says of a reason."""

    error_class: ErrorClass
    action: Action
    http_status: int
    grpc_code: str
    summary: str


SPECS: dict[Reason, ReasonSpec] = {
    Reason.PAYLOAD_MALFORMED: ReasonSpec(
        ErrorClass.INPUT_INVALID,
        Action.DEAD_LETTER,
        400,
        "INVALID_ARGUMENT",
        "The body, or one of its fields, is not what its type says.",
    ),
    Reason.PAYLOAD_TOO_LARGE: ReasonSpec(
        ErrorClass.INPUT_INVALID,
        Action.DEAD_LETTER,
        413,
        "INVALID_ARGUMENT",
        "The body is larger than the limit.",
    ),
    Reason.PAYLOAD_ENCODING: ReasonSpec(
        ErrorClass.INPUT_INVALID,
        Action.DEAD_LETTER,
        400,
        "INVALID_ARGUMENT",
        "The data of the content encoding is corrupt.",
    ),
    Reason.ENCODING_UNSUPPORTED: ReasonSpec(
        ErrorClass.INPUT_INVALID,
        Action.DEAD_LETTER,
        415,
        "INVALID_ARGUMENT",
        "The content encoding is not one that is understood.",
    ),
    Reason.CONTENT_TYPE_UNSUPPORTED: ReasonSpec(
        ErrorClass.INPUT_INVALID,
        Action.DEAD_LETTER,
        415,
        "INVALID_ARGUMENT",
        "The content type, or its charset, is not one that the endpoint takes.",
    ),
    Reason.TOO_MANY_ITEMS: ReasonSpec(
        ErrorClass.INPUT_INVALID,
        Action.DEAD_LETTER,
        413,
        "INVALID_ARGUMENT",
        "A batch has more items than the endpoint takes at once.",
    ),
    Reason.ID_MALFORMED: ReasonSpec(
        ErrorClass.INPUT_INVALID,
        Action.DEAD_LETTER,
        400,
        "INVALID_ARGUMENT",
        "The event's id is missing, too long, or has characters that the signing scheme forbids.",
    ),
    Reason.DUPLICATE_HEADER: ReasonSpec(
        ErrorClass.INPUT_INVALID,
        Action.DEAD_LETTER,
        400,
        "INVALID_ARGUMENT",
        "A header that must occur once occurs more than once.",
    ),
    Reason.METHOD_NOT_ALLOWED: ReasonSpec(
        ErrorClass.INPUT_INVALID,
        Action.DEAD_LETTER,
        405,
        "INVALID_ARGUMENT",
        "The endpoint takes POST only.",
    ),
    Reason.REQUEST_TIMEOUT: ReasonSpec(
        ErrorClass.INPUT_INVALID,
        Action.DEAD_LETTER,
        408,
        "INVALID_ARGUMENT",
        "The request did not arrive within its deadline.",
    ),
    Reason.TARGET_TOO_LONG: ReasonSpec(
        ErrorClass.INPUT_INVALID,
        Action.DEAD_LETTER,
        414,
        "INVALID_ARGUMENT",
        "The path and query of the request are longer than the limit.",
    ),
    Reason.HEAD_TOO_LARGE: ReasonSpec(
        ErrorClass.INPUT_INVALID,
        Action.DEAD_LETTER,
        431,
        "INVALID_ARGUMENT",
        "The request has too many header fields, or too large ones.",
    ),
    Reason.TARGET_REJECTED: ReasonSpec(
        ErrorClass.INPUT_INVALID,
        Action.DEAD_LETTER,
        422,
        "INVALID_ARGUMENT",
        "The target refused this record (HTTP 4xx, or a constraint of the database).",
    ),
    Reason.VALUE_OUT_OF_RANGE: ReasonSpec(
        ErrorClass.INPUT_INVALID,
        Action.DEAD_LETTER,
        422,
        "INVALID_ARGUMENT",
        "A value does not fit the target's type.",
    ),
    Reason.HANDLER_FAILED: ReasonSpec(
        ErrorClass.INPUT_INVALID,
        Action.DEAD_LETTER,
        422,
        "INVALID_ARGUMENT",
        "An engine's handler, or the function of a sink, raised an exception for this event.",
    ),
    Reason.SIGNATURE_MISSING: ReasonSpec(
        ErrorClass.AUTH_FAILED,
        Action.PAUSE,
        401,
        "UNAUTHENTICATED",
        "The request has no signature header.",
    ),
    Reason.SIGNATURE_MALFORMED: ReasonSpec(
        ErrorClass.AUTH_FAILED,
        Action.PAUSE,
        401,
        "UNAUTHENTICATED",
        "The signature header cannot be read.",
    ),
    Reason.SIGNATURE_MISMATCH: ReasonSpec(
        ErrorClass.AUTH_FAILED,
        Action.PAUSE,
        401,
        "UNAUTHENTICATED",
        "No signature matches the body with any of the endpoint's secrets.",
    ),
    Reason.TOO_MANY_SIGNATURES: ReasonSpec(
        ErrorClass.AUTH_FAILED,
        Action.PAUSE,
        401,
        "UNAUTHENTICATED",
        "More signatures than a rotation needs; refused before computing any.",
    ),
    Reason.SCHEME_NOT_ALLOWED: ReasonSpec(
        ErrorClass.AUTH_FAILED,
        Action.PAUSE,
        401,
        "UNAUTHENTICATED",
        "Only signatures of a weaker or unknown scheme were given.",
    ),
    Reason.TIMESTAMP_MISSING: ReasonSpec(
        ErrorClass.AUTH_FAILED,
        Action.PAUSE,
        401,
        "UNAUTHENTICATED",
        "The signed timestamp is missing.",
    ),
    Reason.TIMESTAMP_MALFORMED: ReasonSpec(
        ErrorClass.AUTH_FAILED,
        Action.PAUSE,
        401,
        "UNAUTHENTICATED",
        "The signed timestamp is not an integer number of seconds.",
    ),
    Reason.TIMESTAMP_OUT_OF_WINDOW: ReasonSpec(
        ErrorClass.AUTH_FAILED,
        Action.PAUSE,
        401,
        "UNAUTHENTICATED",
        "The signed timestamp is too old or too far in the future.",
    ),
    Reason.KEY_UNKNOWN: ReasonSpec(
        ErrorClass.AUTH_FAILED,
        Action.PAUSE,
        401,
        "UNAUTHENTICATED",
        "The key or the certificate that a signature names is not known, or not yet.",
    ),
    Reason.CLAIM_NOT_ALLOWED: ReasonSpec(
        ErrorClass.AUTH_FAILED,
        Action.PAUSE,
        401,
        "UNAUTHENTICATED",
        "A token is from another issuer, for another audience, or has other claims than the endpoint asks for.",
    ),
    Reason.ADDRESS_NOT_ALLOWED: ReasonSpec(
        ErrorClass.AUTH_FAILED,
        Action.PAUSE,
        401,
        "UNAUTHENTICATED",
        "The sender's address is not on the endpoint's list; answered as an unknown path is.",
    ),
    Reason.ENDPOINT_UNKNOWN: ReasonSpec(
        ErrorClass.AUTH_FAILED,
        Action.PAUSE,
        401,
        "UNAUTHENTICATED",
        "No endpoint has this path; answered as a bad signature is, so that paths cannot be probed.",
    ),
    Reason.CREDENTIAL_REFUSED: ReasonSpec(
        ErrorClass.AUTH_FAILED,
        Action.PAUSE,
        401,
        "UNAUTHENTICATED",
        "The target does not accept our credential.",
    ),
    Reason.PERMISSION_DENIED: ReasonSpec(
        ErrorClass.PERMISSION,
        Action.PAUSE,
        403,
        "PERMISSION_DENIED",
        "The broker, database or endpoint denies the operation.",
    ),
    Reason.SCOPE_REQUIRED: ReasonSpec(
        ErrorClass.PERMISSION,
        Action.STOP,
        403,
        "PERMISSION_DENIED",
        "A connector has no explicit scopes.",
    ),
    Reason.SCOPE_EXCEEDED: ReasonSpec(
        ErrorClass.PERMISSION,
        Action.STOP,
        403,
        "PERMISSION_DENIED",
        "A connector uses a topic, secret or host outside its scopes.",
    ),
    Reason.EGRESS_DENIED: ReasonSpec(
        ErrorClass.PERMISSION,
        Action.STOP,
        403,
        "PERMISSION_DENIED",
        "A connector's host leads to an address that connectors may not connect to.",
    ),
    Reason.CONFIG_INVALID: ReasonSpec(
        ErrorClass.CONFIG,
        Action.STOP,
        422,
        "FAILED_PRECONDITION",
        "A setting is missing, of the wrong type, or out of bounds.",
    ),
    Reason.CONFIG_KEY_UNKNOWN: ReasonSpec(
        ErrorClass.CONFIG,
        Action.STOP,
        422,
        "FAILED_PRECONDITION",
        "A key is not a setting; extra keys are refused.",
    ),
    Reason.CONFIG_KEY_DUPLICATE: ReasonSpec(
        ErrorClass.CONFIG,
        Action.STOP,
        422,
        "FAILED_PRECONDITION",
        "A key, or a name, is given twice.",
    ),
    Reason.CONFIG_NOT_YAML: ReasonSpec(
        ErrorClass.CONFIG,
        Action.STOP,
        422,
        "FAILED_PRECONDITION",
        "The file is not YAML, or uses a YAML feature that is refused (aliases, tags).",
    ),
    Reason.CONFIG_NOT_FOUND: ReasonSpec(
        ErrorClass.CONFIG,
        Action.STOP,
        422,
        "FAILED_PRECONDITION",
        "The file or directory does not exist or cannot be read.",
    ),
    Reason.CONNECTOR_UNKNOWN: ReasonSpec(
        ErrorClass.CONFIG,
        Action.STOP,
        422,
        "FAILED_PRECONDITION",
        "No installed package offers a connector of this name.",
    ),
    Reason.EXPRESSION_INVALID: ReasonSpec(
        ErrorClass.CONFIG,
        Action.STOP,
        422,
        "FAILED_PRECONDITION",
        "A rule's expression does not parse, or names what does not exist.",
    ),
    Reason.ROUTE_INCOMPLETE: ReasonSpec(
        ErrorClass.CONFIG,
        Action.STOP,
        422,
        "FAILED_PRECONDITION",
        "Some records would match no route; the last route must be unconditional.",
    ),
    Reason.SECRET_LITERAL: ReasonSpec(
        ErrorClass.CONFIG,
        Action.STOP,
        422,
        "FAILED_PRECONDITION",
        "A secret is written out in the configuration; only references are accepted.",
    ),
    Reason.SECRET_NOT_FOUND: ReasonSpec(
        ErrorClass.CONFIG,
        Action.STOP,
        422,
        "FAILED_PRECONDITION",
        "A secret reference points at nothing.",
    ),
    Reason.SECRET_UNUSABLE: ReasonSpec(
        ErrorClass.CONFIG,
        Action.STOP,
        422,
        "FAILED_PRECONDITION",
        "A secret exists but is too short or of the wrong form for its scheme.",
    ),
    Reason.POSITION_LOST: ReasonSpec(
        ErrorClass.CONFIG,
        Action.STOP,
        422,
        "FAILED_PRECONDITION",
        "The origin no longer has what came after the source's checkpoint.",
    ),
    Reason.TABLE_MISMATCH: ReasonSpec(
        ErrorClass.CONFIG,
        Action.STOP,
        422,
        "FAILED_PRECONDITION",
        "The target table lacks a column or constraint that the sink needs and may not add.",
    ),
    Reason.USAGE: ReasonSpec(
        ErrorClass.CONFIG,
        Action.STOP,
        422,
        "FAILED_PRECONDITION",
        "The command line cannot be understood.",
    ),
    Reason.PLAN_STALE: ReasonSpec(
        ErrorClass.CONFIG,
        Action.STOP,
        409,
        "FAILED_PRECONDITION",
        "The plan for dead letters is unknown, or something it was made for has changed since.",
    ),
    Reason.PORT_IN_USE: ReasonSpec(
        ErrorClass.CONFIG,
        Action.STOP,
        422,
        "FAILED_PRECONDITION",
        "Another program listens on a port that is needed.",
    ),
    Reason.STACK_RUNNING: ReasonSpec(
        ErrorClass.CONFIG,
        Action.STOP,
        422,
        "FAILED_PRECONDITION",
        "The embedded stack is running; stop it first.",
    ),
    Reason.STACK_DOWNLOAD_FAILED: ReasonSpec(
        ErrorClass.CONFIG,
        Action.STOP,
        422,
        "FAILED_PRECONDITION",
        "A component of the embedded stack could not be downloaded or verified.",
    ),
    Reason.STACK_COMPONENT_FAILED: ReasonSpec(
        ErrorClass.CONFIG,
        Action.STOP,
        422,
        "FAILED_PRECONDITION",
        "A component of the embedded stack did not start.",
    ),
    Reason.SCHEMA_UNKNOWN: ReasonSpec(
        ErrorClass.CONTRACT,
        Action.RETRY_THEN_DEAD_LETTER,
        422,
        "DATA_LOSS",
        "The registry does not know the schema id of the record.",
    ),
    Reason.SCHEMA_REJECTED: ReasonSpec(
        ErrorClass.CONTRACT,
        Action.DEAD_LETTER,
        422,
        "DATA_LOSS",
        "The schema is recursive, too deep, too large, or incompatible with its predecessor.",
    ),
    Reason.SCHEMA_FROZEN: ReasonSpec(
        ErrorClass.CONTRACT,
        Action.DEAD_LETTER,
        422,
        "DATA_LOSS",
        "The data has another schema than the topic, whose schema is frozen.",
    ),
    Reason.SCHEMA_PAUSED: ReasonSpec(
        ErrorClass.CONTRACT,
        Action.PAUSE,
        422,
        "DATA_LOSS",
        "The data has another schema than the topic, and the route says to wait for a person.",
    ),
    Reason.AVRO_MAGIC: ReasonSpec(
        ErrorClass.CONTRACT,
        Action.DEAD_LETTER,
        422,
        "DATA_LOSS",
        "The value is not in the Confluent wire format.",
    ),
    Reason.AVRO_DECODE: ReasonSpec(
        ErrorClass.CONTRACT,
        Action.DEAD_LETTER,
        422,
        "DATA_LOSS",
        "The value cannot be decoded with its schema.",
    ),
    Reason.AVRO_TRAILING: ReasonSpec(
        ErrorClass.CONTRACT,
        Action.DEAD_LETTER,
        422,
        "DATA_LOSS",
        "Bytes are left over after decoding the value.",
    ),
    Reason.AVRO_LIMIT: ReasonSpec(
        ErrorClass.CONTRACT,
        Action.DEAD_LETTER,
        422,
        "DATA_LOSS",
        "The value is larger, or would become larger, than the limit.",
    ),
    Reason.ENCODE_FAILED: ReasonSpec(
        ErrorClass.CONTRACT,
        Action.DEAD_LETTER,
        422,
        "DATA_LOSS",
        "The record cannot be encoded with its schema.",
    ),
    Reason.ALREADY_PROCESSED: ReasonSpec(
        ErrorClass.DUPLICATE,
        Action.ACCEPT,
        200,
        "ALREADY_EXISTS",
        "The idempotency key was delivered before.",
    ),
    Reason.KEY_REUSED: ReasonSpec(
        ErrorClass.DUPLICATE,
        Action.DEAD_LETTER,
        409,
        "ALREADY_EXISTS",
        "The idempotency key was accepted before with another body.",
    ),
    Reason.TARGET_MISSING: ReasonSpec(
        ErrorClass.NOT_FOUND_TARGET,
        Action.RETRY_THEN_DEAD_LETTER,
        404,
        "NOT_FOUND",
        "The endpoint, table or topic does not exist.",
    ),
    Reason.TARGET_GONE: ReasonSpec(
        ErrorClass.NOT_FOUND_TARGET,
        Action.STOP,
        410,
        "NOT_FOUND",
        "The endpoint says that it is gone for good (HTTP 410); delivery stops.",
    ),
    Reason.RATE_LIMITED: ReasonSpec(
        ErrorClass.RATE_LIMITED,
        Action.RETRY,
        429,
        "RESOURCE_EXHAUSTED",
        "Too many requests; the target's Retry-After is honoured.",
    ),
    Reason.TOO_MANY_CONNECTIONS: ReasonSpec(
        ErrorClass.RATE_LIMITED,
        Action.RETRY,
        429,
        "RESOURCE_EXHAUSTED",
        "One address has opened too many connections to the ingress port.",
    ),
    Reason.TARGET_TIMEOUT: ReasonSpec(
        ErrorClass.TRANSIENT_TARGET,
        Action.RETRY,
        503,
        "UNAVAILABLE",
        "The target did not answer in time.",
    ),
    Reason.TARGET_5XX: ReasonSpec(
        ErrorClass.TRANSIENT_TARGET,
        Action.RETRY,
        503,
        "UNAVAILABLE",
        "The target answered with a server error.",
    ),
    Reason.TARGET_REDIRECTED: ReasonSpec(
        ErrorClass.TRANSIENT_TARGET,
        Action.RETRY,
        503,
        "UNAVAILABLE",
        "The target answered with a redirect; redirects are not followed.",
    ),
    Reason.TARGET_UNREACHABLE: ReasonSpec(
        ErrorClass.TRANSIENT_TARGET,
        Action.RETRY,
        503,
        "UNAVAILABLE",
        "No connection to the target (refused, reset, name not resolved).",
    ),
    Reason.TARGET_BUSY: ReasonSpec(
        ErrorClass.TRANSIENT_TARGET,
        Action.RETRY,
        503,
        "UNAVAILABLE",
        "The target ran into a lock, a deadlock or a connection limit.",
    ),
    Reason.BROKER_UNAVAILABLE: ReasonSpec(
        ErrorClass.TRANSIENT_BROKER,
        Action.RETRY,
        503,
        "UNAVAILABLE",
        "No broker can be reached, or none leads the partition.",
    ),
    Reason.BROKER_TIMEOUT: ReasonSpec(
        ErrorClass.TRANSIENT_BROKER,
        Action.RETRY,
        503,
        "UNAVAILABLE",
        "The broker did not answer in time.",
    ),
    Reason.REGISTRY_UNAVAILABLE: ReasonSpec(
        ErrorClass.TRANSIENT_DEPENDENCY,
        Action.RETRY,
        503,
        "UNAVAILABLE",
        "The schema registry cannot be reached or fails.",
    ),
    Reason.SPOOL_UNAVAILABLE: ReasonSpec(
        ErrorClass.TRANSIENT_DEPENDENCY,
        Action.RETRY,
        503,
        "UNAVAILABLE",
        "The spool of the ingress cannot be read or written.",
    ),
    Reason.SECRET_UNAVAILABLE: ReasonSpec(
        ErrorClass.TRANSIENT_DEPENDENCY,
        Action.RETRY,
        503,
        "UNAVAILABLE",
        "Vault cannot be reached or is sealed, and no secret that it gave before is still valid.",
    ),
    Reason.QUEUE_FULL: ReasonSpec(
        ErrorClass.OVERLOAD,
        Action.RETRY,
        503,
        "RESOURCE_EXHAUSTED",
        "The producer's queue is full.",
    ),
    Reason.SPOOL_FULL: ReasonSpec(
        ErrorClass.OVERLOAD,
        Action.RETRY,
        503,
        "RESOURCE_EXHAUSTED",
        "The brokers are away, and the spool of the ingress holds as much as it may.",
    ),
    Reason.DISK_FULL: ReasonSpec(
        ErrorClass.OVERLOAD,
        Action.RETRY,
        507,
        "RESOURCE_EXHAUSTED",
        "The disk of the ingress's spool is full.",
    ),
    Reason.OVERLOADED: ReasonSpec(
        ErrorClass.OVERLOAD,
        Action.RETRY,
        503,
        "RESOURCE_EXHAUSTED",
        "More connections or requests than we can hold; the request was not looked at.",
    ),
    Reason.PRODUCER_FENCED: ReasonSpec(
        ErrorClass.FENCED,
        Action.REOPEN,
        503,
        "ABORTED",
        "A newer producer with the same transactional id exists.",
    ),
    Reason.STALE_GENERATION: ReasonSpec(
        ErrorClass.FENCED,
        Action.REOPEN,
        503,
        "ABORTED",
        "The consumer group has moved the partition on.",
    ),
    Reason.POSITION_MOVED: ReasonSpec(
        ErrorClass.FENCED,
        Action.REOPEN,
        503,
        "ABORTED",
        "Another owner has moved the sink's position of this partition.",
    ),
    Reason.TRANSACTION_OUTCOME_UNKNOWN: ReasonSpec(
        ErrorClass.INDETERMINATE,
        Action.REOPEN,
        503,
        "UNKNOWN",
        "A commit's or abort's outcome is unknown.",
    ),
    Reason.SINK_OUTCOME_UNKNOWN: ReasonSpec(
        ErrorClass.INDETERMINATE,
        Action.REOPEN,
        503,
        "UNKNOWN",
        "The connection broke between the sink's commit and its answer.",
    ),
    Reason.DLQ_UNAVAILABLE: ReasonSpec(
        ErrorClass.DLQ_BLOCKED,
        Action.RETRY,
        503,
        "UNAVAILABLE",
        "The dead-letter topic cannot be written.",
    ),
    Reason.DLQ_FLOODED: ReasonSpec(
        ErrorClass.DLQ_BLOCKED,
        Action.RETRY,
        503,
        "UNAVAILABLE",
        "So many of the last events were refused that the sink waits instead of dead-lettering more.",
    ),
    Reason.INTERNAL_BUG: ReasonSpec(
        ErrorClass.INTERNAL_BUG,
        Action.STOP,
        500,
        "INTERNAL",
        "An unforeseen error; please report it with the log line.",
    ),
    Reason.SHUTDOWN: ReasonSpec(
        ErrorClass.CANCELLED,
        Action.REOPEN,
        503,
        "CANCELLED",
        "The process is stopping; what was not acknowledged will be delivered again.",
    ),
}

HEADER_CLASS = "con.err.class"
HEADER_REASON = "con.err.reason"
HEADER_MESSAGE = "con.err.message"
HEADER_ATTEMPT = "con.err.attempt"
HEADER_FIRST_AT = "con.err.first_at"
HEADER_LAST_AT = "con.err.last_at"
HEADER_TOPIC = "con.err.topic"
HEADER_PARTITION = "con.err.partition"
HEADER_OFFSET = "con.err.offset"
HEADER_CONNECTOR = "con.err.connector"
HEADER_VERSION = "con.err.version"
HEADER_TRACE = "con.err.trace"
HEADER_VALUE_BYTES = "con.err.value_bytes"
HEADER_VALUE_SHA256 = "con.err.value_sha256"
CONNECT_TOPIC = "__connect.errors.topic"
CONNECT_PARTITION = "__connect.errors.partition"
CONNECT_OFFSET = "__connect.errors.offset"
CONNECT_CONNECTOR_NAME = "__connect.errors.connector.name"
CONNECT_TASK_ID = "__connect.errors.task.id"
CONNECT_STAGE = "__connect.errors.stage"
CONNECT_CLASS_NAME = "__connect.errors.class.name"
CONNECT_EXCEPTION_CLASS_NAME = "__connect.errors.exception.class.name"
CONNECT_EXCEPTION_MESSAGE = "__connect.errors.exception.message"
CONNECT_EXCEPTION_STACKTRACE = "__connect.errors.exception.stacktrace"
