"""Where a secret might have left a trace, and the forms in which it would be found there."""

import base64
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import requests
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from router.dev.endpoints import Endpoints

_SECONDS = 20


def forms(secret: str) -> Iterator[bytes]:
    """The ways in which a text of letters and digits may stand in something else."""
    raw = secret.encode()
    yield raw
    yield secret[::-1].encode()
    yield quote(secret).encode()
    yield "".join(f"%{byte:02X}" for byte in raw).encode()
    yield "".join(f"\\u{byte:04x}" for byte in raw).encode()
    yield json.dumps(secret[::-1]).encode()[1:-1]
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    yield raw.hex(" ").encode()
    for shift in range(3):
        # What stands before the text moves its base64; the characters at both ends depend on the neighbours.
        encoded = base64.b64encode(b"\0" * shift + raw + b"\0" * 2)
        inner = encoded[-(-shift * 8 // 6) + (shift > 0) : (shift + len(raw)) * 8 // 6]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def topics(endpoints: Endpoints, prefix: str) -> Iterator[tuple[str, bytes]]:
    """Every key, value and header of every topic whose name begins so."""
    settings = {"bootstrap.servers": endpoints.bootstrap_servers, "group.id": f"{prefix}.look"}
    consumer = Consumer({**settings, "enable.partition.eof": False, "auto.offset.reset": "earliest"})
    try:
        found = consumer.list_topics(timeout=_SECONDS).topics
        for name in [name for name in found if name.startswith(prefix)]:
            for partition in found[name].partitions:
                _, end = consumer.get_watermark_offsets(TopicPartition(name, partition), timeout=_SECONDS)
                consumer.assign([TopicPartition(name, partition, OFFSET_BEGINNING)])
                next_offset = 0
                while next_offset < end:
                    for message in consumer.consume(end - next_offset, _SECONDS):
                        assert message.error() is None
                        next_offset = (message.offset() or 0) + 1
                        headers: dict[str, object] = dict(message.headers() or ())
                        parts = [message.key(), message.value(), *headers, *headers.values()]
                        yield (
                            f"topic {name}",
                            b"\n".join([part if isinstance(part, bytes) else str(part).encode() for part in parts]),
                        )
    finally:
        consumer.close()


def schemas(endpoints: Endpoints, prefix: str) -> Iterator[tuple[str, bytes]]:
    """Every subject and schema of the registry whose name begins so."""
    url = f"{endpoints.registry_url}/subjects"
    for subject in requests.get(url, timeout=_SECONDS).json():
        if subject.startswith(prefix):
            answer = requests.get(f"{url}/{subject}/versions/latest", timeout=_SECONDS)
            yield f"subject {subject}", subject.encode() + answer.content


def files(directory: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below the directory."""
    for path in directory.rglob("*"):
        if path.is_file():
            yield f"file {path.name}", path.read_bytes()


def processes(root: int) -> Iterator[tuple[str, bytes]]:
    """The command line and the environment of the process and of all below it."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            stat = (entry / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    ours = {root}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    for pid in ours:
        for name in ("cmdline", "environ"):
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                yield f"{name} of {pid}", Path("/proc", str(pid), name).read_bytes()
