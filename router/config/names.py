"""The names that a configuration may give, and those that the runtime derives from them.

A ValueError whose text begins with a reason in lower case (`scope_required: ...`) is reported with that reason.
"""

import re
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from router.api.secret import NOT_A_REFERENCE, REFERENCE

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_TOPIC = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,199}")
_INTERNAL = (".dlq", ".replay", ".keys")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FILE = re.compile(r"/(?!.*(^|/)\.\.(/|$))[^\x00-\x1f]+")
_NOT_FOR_SECRETS = ("sys", "auth", "identity", "cubbyhole")
_ADDRESS = re.compile(r"https?://[^\x00-\x20\x7f-\U0010ffff?#@]{1,2048}")
_HOST_PORT = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")


def plain_name(name: str) -> str:
    """The name of a pipeline, source or sink, if it can be part of topic and group names. Raises ValueError."""
    if not _NAME.fullmatch(name):
        message = "a name begins with a lower-case letter and has at most 63 lower-case letters, digits and dashes"
        raise ValueError(message)
    return name


def topic_name(name: str) -> str:
    """The name, if people may use it for a topic: no internal topics, no tricks with paths. Raises ValueError."""
    if not _TOPIC.fullmatch(name) or ".." in name:
        message = "must start with a letter or digit and have at most 200 letters, digits, dots, dashes or underscores"
        raise ValueError(message)
    if name.endswith(_INTERNAL):
        message = "must not end in .dlq, .replay or .keys: these topics are the runtime's own"
        raise ValueError(message)
    return name


def scoped(entry: str) -> str:
    """The entry of a scope, if it names one thing. Raises ValueError."""
    if "*" in entry:
        message = "scope_required: a scope names each thing that it allows; wildcards are refused"
        raise ValueError(message)
    return entry


def secret_reference(text: str) -> str:
    """The text, if it is a reference that names one thing. Raises ValueError, without the text."""
    match = REFERENCE.fullmatch(text)
    if match is None:
        raise ValueError(NOT_A_REFERENCE)
    if match["store"] == "env" and not _VARIABLE.fullmatch(match["name"]):
        message = "must name an environment variable: letters, digits and underscores"
        raise ValueError(message)
    if match["store"] == "file" and not _FILE.fullmatch(match["name"]):
        message = "must name an absolute path without `..`"
        raise ValueError(message)
    if match["store"] == "vault":
        vault_place(text)
    return text


class VaultPlace(NamedTuple):
    """A path in Vault that begins with a mount, and one of the fields that it holds."""

    path: str
    field: str


def vault_place(reference: str) -> VaultPlace:
    """Where `${vault:mount/path#field}` points. Raises ValueError, without the text."""
    match = REFERENCE.fullmatch(reference)
    path, _, field = match["name"].partition("#") if match else ("", "", "")
    if path.partition("/")[0] in _NOT_FOR_SECRETS:
        message = f"must not be below {', '.join(_NOT_FOR_SECRETS)}: no connector's secrets are there"
        raise ValueError(message)
    return VaultPlace(path, field)


def host_port(text: str) -> str:
    """The text, if it is `host:port`. Raises ValueError."""
    if not _HOST_PORT.fullmatch(text):
        message = "must be `host:port`, such as `127.0.0.1:5432`"
        raise ValueError(message)
    return text


def http_address(text: str) -> str:
    """The text, if it is an http or https address without user, query and fragment. Raises ValueError, without it."""
    message = "must be an http:// or https:// address with neither user nor password, query or fragment"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        # Without the cause, which repeats parts of the address.
        raise ValueError(message) from None
    if not _ADDRESS.fullmatch(text) or not parts.hostname or port == 0:
        raise ValueError(message)
    return text


def is_loopback(host: str) -> bool:
    """Whether the host is this machine's own, as seen by itself only."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def canonical_address(address: str) -> str:
    """`host:port` as it is compared: in lower case, and an IPv6 address in brackets."""
    host, _, port = address.lower().rpartition(":")
    return f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"


def dead_letter_topic(pipeline: str, name: str) -> str:
    """The topic of the dead letters of a sink, or of a source that fetches."""
    return f"{pipeline}.{name}.dlq"


def replay_topic(pipeline: str, sink: str) -> str:
    """The topic through which dead letters come back to this sink only."""
    return f"{pipeline}.{sink}.replay"


def keys_topic(pipeline: str, sink: str) -> str:
    """The topic of the idempotency keys that a sink has accepted."""
    return f"{pipeline}.{sink}.keys"


def offsets_topic(pipeline: str) -> str:
    """The topic of the checkpoints of the sources that fetch."""
    return f"{pipeline}.offsets"


def connectors_topic(pipeline: str) -> str:
    """The topic of the connectors' configurations."""
    return f"{pipeline}.connectors"


def tasks_topic(pipeline: str) -> str:
    """The topic whose partitions workers share, and with them the connectors' tasks; nothing is in it."""
    return f"{pipeline}.tasks"


def status_topic(pipeline: str) -> str:
    """The topic of what workers say of their tasks."""
    return f"{pipeline}.status"


def audit_topic(pipeline: str) -> str:
    """The topic of who changed what."""
    return f"{pipeline}.audit"


def plans_topic(pipeline: str) -> str:
    """The topic of plans for putting dead letters back."""
    return f"{pipeline}.plans"


def streams_topic(pipeline: str) -> str:
    """The topic of what the sources' streams look like."""
    return f"{pipeline}.streams"


def flow_topic(pipeline: str) -> str:
    """The topic of what each process says of the events that have gone through it."""
    return f"{pipeline}.flow"


def monitor_topic(pipeline: str) -> str:
    """The topic of what the monitor says of each connector."""
    return f"{pipeline}.monitor"


def workers_group(pipeline: str) -> str:
    """The consumer group in which workers share the tasks."""
    return f"{pipeline}.workers"


def consumer_group(pipeline: str, sink: str, configured: str | None) -> str:
    """The sink's consumer group."""
    return configured or f"{pipeline}.{sink}"


OWN_TOPICS = (
    offsets_topic,
    streams_topic,
    connectors_topic,
    tasks_topic,
    status_topic,
    audit_topic,
    plans_topic,
    flow_topic,
    monitor_topic,
)
"""The topics that the runtime keeps its own records in; no events may go there."""
