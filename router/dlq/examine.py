"""What would become of dead letters if they were put back now: read, edited and looked up, but not delivered."""

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from router.api import ConnectorError, Event, Reason
from router.delivery.delivered_keys import NO_BODY, DeliveredKeys, Fingerprint
from router.dlq.content import Contents
from router.dlq.replay import Edit
from router.kafka.consumer import Consumed
from router.kafka.log import read_topic

_WINDOW_SECONDS = 1e9
_CAPACITY = 1 << 40


class Verdict(StrEnum):
    """What would become of a letter.

    OFFERED: the target would get it, and decide. DUPLICATE: the target has accepted its idempotency key, so that it
    would not get it again. FAILS: it would be a dead letter again before the target saw it.
    """

    OFFERED = "offered"
    DUPLICATE = "duplicate"
    FAILS = "fails"


class Finding(NamedTuple):
    """The verdict on one record; error: why it fails."""

    record: Consumed
    verdict: Verdict
    error: ConnectorError | None


class Examiner:
    """Does with a record what a sink's agent does before the sink gets it. Blocking.

    keys: what the target has accepted; None where nobody keeps that.
    """

    def __init__(self, contents: Contents, edit: Edit | None, keys: DeliveredKeys | None) -> None:
        self._contents = contents
        self._edit = edit
        self._keys = keys

    def examine(self, records: Iterable[Consumed]) -> Iterator[Finding]:
        """The findings. Raises ConnectorError (REGISTRY_UNAVAILABLE)."""
        for record in records:
            try:
                value = record.value if self._edit is None else self._edit(record)
                event, _ = self._contents.read(record._replace(value=value))
                yield Finding(record, self._look_up(event), None)
            except ConnectorError as error:
                if error.reason is Reason.REGISTRY_UNAVAILABLE:
                    raise
                yield Finding(record, Verdict.FAILS, error)

    def _look_up(self, event: Event) -> Verdict:
        fingerprint = Fingerprint.of(event.idempotency_key, event.data)
        known = None if self._keys is None else self._keys.body(fingerprint.key)
        if known is None:
            return Verdict.OFFERED
        if known == fingerprint.body or NO_BODY in (known, fingerprint.body):
            return Verdict.DUPLICATE
        message = "An event with this idempotency key was delivered before, and its body was another one."
        raise ConnectorError(Reason.KEY_REUSED, message)


def delivered_keys(bootstrap_servers: str, topic: str) -> DeliveredKeys:
    """All keys that a sink has accepted, as far as their topic has them. Blocking; raises ConnectorError."""
    keys = DeliveredKeys(_WINDOW_SECONDS, _CAPACITY)
    for record in read_topic(bootstrap_servers, topic):
        keys.add(record.value or b"", record.timestamp_ms / 1000)
    return keys


def summary(findings: Iterable[Finding]) -> dict[str, dict[str, int]]:
    """How many, by verdict and by reason."""
    counts: dict[str, Counter[str]] = {}
    for finding in findings:
        reason = "" if finding.error is None else str(finding.error.reason)
        counts.setdefault(finding.verdict, Counter())[reason] += 1
    return {verdict: dict(by_reason) for verdict, by_reason in counts.items()}
