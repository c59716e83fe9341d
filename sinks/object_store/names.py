"""Names of objects: safe whatever the events hold, and never used twice."""

import re
from hashlib import sha256
from urllib.parse import quote

from router.api import TopicPartition

MAX_COMPONENT = 100
_HASH_DIGITS = 32
_TORN = re.compile(r"%.?$")

POSITIONS = "_positions"
"""The directory of the logs. Like all names that begin so, it is left out by what reads tables from directories."""


def component(text: str) -> str:
    """The text as one directory name: percent-encoded, as Hive does, and cut where it is long, with its hash then."""
    encoded = quote(text, safe="", errors="surrogatepass")
    if not encoded.strip("."):
        encoded = encoded.replace(".", "%2E")
    if len(encoded) <= MAX_COMPONENT:
        return encoded
    digest = sha256(text.encode(errors="surrogatepass")).hexdigest()[:_HASH_DIGITS]
    beginning = _TORN.sub("", encoded[: MAX_COMPONENT - _HASH_DIGITS - 1])
    return f"{beginning}~{digest}"


def object_name(partition: TopicPartition, directory: str, first_offset: int, write: str, extension: str) -> str:
    """The name of a data object. write: names the write, and is its own among all writes ever."""
    topic = component(partition.topic)
    within = f"{topic}/{directory}" if directory else topic
    return f"{within}/{topic}-{partition.partition}-{first_offset:020}-{write}.{extension}"


def probe_name(sink: str) -> str:
    """The object that shows whether the store refuses to create what is there."""
    return f"{POSITIONS}/{component(sink)}/conditional-writes"


def log_place(sink: str, partition: TopicPartition) -> str:
    """The directory of a partition's log."""
    parts = (sink, partition.cluster_id, partition.topic, partition.topic_id, str(partition.partition))
    return "/".join((POSITIONS, *map(component, parts)))
