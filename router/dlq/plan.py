"""A plan: which dead letters would be put back where, and how; its hash stands for exactly that."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from router.api import ConnectorError, Reason
from router.dlq.letters import Letter
from router.dlq.selection import Filter

_HASH_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Plan:
    """What `apply` will do.

    owner, topic, topic_id: whose letters, and where they are. target: the topic that they go to. chosen: the document
    of the filter, with the ends of the topic's partitions. where: the condition on what they carry, or empty.
    assignments: what is edited. settings: a digest of how the target's owner is configured. letters, digest: how many
    were chosen, and which. The rest is told, not promised. verdicts: by verdict and reason, how many.
    """

    owner: str
    topic: str
    topic_id: str
    target: str
    as_new: bool
    chosen: Mapping[str, Any]
    where: str
    assignments: tuple[str, ...]
    settings: str
    letters: int
    digest: str
    who: str = field(default="", compare=False)
    made_at: str = field(default="", compare=False)
    verdicts: Mapping[str, Mapping[str, int]] = field(default_factory=dict, compare=False)

    @property
    def hash(self) -> str:
        """What stands for the plan."""
        told = asdict(self)
        for name in ("who", "made_at", "verdicts"):
            del told[name]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:_HASH_DIGITS]

    @property
    def filter(self) -> Filter:
        """Which letters are meant."""
        return Filter.parse(self.chosen)

    def value(self) -> bytes:
        """The plan as JSON."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def parse(cls, value: bytes) -> Self:
        """The plan of its JSON."""
        told = json.loads(value)
        return cls(**told | {"assignments": tuple(told["assignments"])})

    def check(self, letters: Iterable[Letter], topic_id: str | None, settings: str) -> None:
        """Raises ConnectorError (PLAN_STALE) if something is not as it was when the plan was made."""
        if topic_id != self.topic_id:
            raise _stale("the topic of dead letters has been deleted and made again")
        if settings != self.settings:
            raise _stale(f"the configuration of what {self.target} leads to has changed, or the version of the runtime")
        count, digest = digest_of(letters)
        if digest != self.digest:
            raise _stale(f"of its {self.letters} letters {count} are left that are open or were put back by it")


def digest_of(letters: Iterable[Letter]) -> tuple[int, str]:
    """How many letters these are, and a digest of which."""
    digest = hashlib.sha256()
    count = 0
    for letter in letters:
        digest.update(f"{letter.id} {letter.attempt}\n".encode())
        count += 1
    return count, digest.hexdigest()


def settings_digest(*documents: Any) -> str:
    """A digest of settings; secrets are references in them."""
    return hashlib.sha256(json.dumps(documents, sort_keys=True, default=str).encode()).hexdigest()


def _stale(what: str) -> ConnectorError:
    message = f"The plan no longer holds: {what}. Nothing was done."
    return ConnectorError(Reason.PLAN_STALE, message, fix="Make a new plan: `router dlq plan`.")
