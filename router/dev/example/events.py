"""The webhooks of one run: GitHub's and a shop's, well signed, forged, repeated, and such as a sink refuses."""

import json
import random
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from router.dev.example import signing
from router.dev.example.place import Secrets

GITHUB_PATH = "/hooks/github"
ORDERS_PATH = "/hooks/orders"
REFUSED_CURRENCY = "JPY"

_PUSHES, _PULL_REQUESTS, _ISSUES, _PINGS = 80, 40, 40, 6
_CREATED, _PAID, _REFUNDS, _FOREIGN = 60, 50, 12, 8
_REPEATED, _FORGED, _UNSIGNED, _STALE = 15, 9, 3, 4
_STALE_SECONDS = 3_600
_REPOSITORIES = ("harbour/shop", "harbour/warehouse", "harbour/site", "tide/pricing", "tide/search")
_CUSTOMERS = tuple([f"c-{number}" for number in range(100, 125)])


@dataclass(frozen=True, slots=True)
class Post:
    """A request: where to, and what. It is ready to be sent, and to be sent again."""

    path: str
    headers: dict[str, str] = field(repr=False)
    body: bytes


class Run:
    """The webhooks of one run. Every id begins with the run's name, so that its events can be told from others'."""

    def __init__(self, keys: Secrets) -> None:
        self.name = secrets.token_hex(3)
        self._keys = keys
        self._random = random.Random(self.name)  # noqa: S311  nothing secret: what a shop sells

    def is_ours(self, event_id: str) -> bool:
        """Whether the event is of this run."""
        return event_id.startswith(f"{self.name}-")

    def posts(self) -> list[Post]:
        """All of them, mixed; a repetition comes some time after what it repeats."""
        fine = [*self._many(_PUSHES, self._push), *self._many(_PULL_REQUESTS, self._pull_request)]
        fine += [*self._many(_ISSUES, self._issue), *self._many(_CREATED, self._created)]
        fine += self._many(_PAID, self._paid)
        mixed = [*fine, *self._many(_PINGS, self._ping), *self._many(_REFUNDS, self._refund)]
        mixed += self._many(_FOREIGN, self._foreign)
        mixed += [_forged(post) for post in self._random.sample(fine, _FORGED)]
        mixed += [_unsigned(post) for post in self._random.sample(fine, _UNSIGNED)]
        mixed += self._many(_STALE, self._stale)
        self._random.shuffle(mixed)
        return self._with_repetitions(mixed, self._random.sample(fine, _REPEATED))

    def github(self, event: str, identifier: str, content: dict[str, Any]) -> Post:
        """A delivery as GitHub makes it: the signature covers the body alone."""
        body = json.dumps(content).encode()
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": identifier,
            "X-Hub-Signature-256": signing.github(self._keys.github, body),
        }
        return Post(GITHUB_PATH, headers, body)

    def _many(self, count: int, make: Callable[[str], Post]) -> list[Post]:
        kind = make.__name__.strip("_").replace("_", "-")
        return [make(f"{self.name}-{kind}-{number}") for number in range(1, count + 1)]

    def _with_repetitions(self, posts: list[Post], repeated: list[Post]) -> list[Post]:
        for post in repeated:
            after = posts.index(post) + 1
            posts.insert(self._random.randint(after, len(posts)), post)
        return posts

    def _push(self, identifier: str) -> Post:
        commit = {"id": f"{self._random.getrandbits(160):040x}", "message": "Count what comes in"}
        return self._of_repository("push", identifier, {"ref": "refs/heads/main", "head_commit": commit})

    def _pull_request(self, identifier: str) -> Post:
        action = self._random.choice(("opened", "closed"))
        content = {"action": action, "number": self._random.randint(1, 400)}
        return self._of_repository("pull_request", identifier, content)

    def _issue(self, identifier: str) -> Post:
        issue = {"number": self._random.randint(1, 400), "title": "The total is wrong"}
        action = self._random.choice(("opened", "closed"))
        return self._of_repository("issues", identifier, {"action": action, "issue": issue})

    def _ping(self, identifier: str) -> Post:
        return self._of_repository("ping", identifier, {"zen": "Keep it logically awesome."})

    def _of_repository(self, event: str, identifier: str, content: dict[str, Any]) -> Post:
        return self.github(
            event, identifier, content | {"repository": {"full_name": self._random.choice(_REPOSITORIES)}}
        )

    def _created(self, identifier: str) -> Post:
        return self._order("order.created", identifier, self._total())

    def _paid(self, identifier: str) -> Post:
        return self._order("order.paid", identifier, self._total())

    def _refund(self, identifier: str) -> Post:
        return self._order("order.refunded", identifier, -self._total())

    def _foreign(self, identifier: str) -> Post:
        return self._order("order.paid", identifier, self._total(), currency=REFUSED_CURRENCY)

    def _stale(self, identifier: str) -> Post:
        return self._order("order.paid", identifier, self._total(), age_seconds=_STALE_SECONDS)

    def _total(self) -> float:
        return self._random.randint(500, 20_000) / 100

    def _order(self, kind: str, identifier: str, total: float, *, currency: str = "EUR", age_seconds: int = 0) -> Post:
        """An order as Standard Webhooks has it."""
        data = {"order": self._random.randint(1, 9_999), "customer": self._random.choice(_CUSTOMERS)}
        body = json.dumps({"type": kind, "data": data | {"total": total, "currency": currency}}).encode()
        timestamp = str(int(time.time()) - age_seconds)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": identifier,
            "webhook-timestamp": timestamp,
            "webhook-signature": signing.standard_webhooks(self._keys.orders, identifier, timestamp, body),
        }
        return Post(ORDERS_PATH, headers, body)


def _forged(post: Post) -> Post:
    """The same headers over another body: somebody has changed it on its way."""
    return replace(post, body=post.body + b" ")


def _unsigned(post: Post) -> Post:
    return replace(post, headers=dict(_without_signature(post.headers)))


def _without_signature(headers: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        if "signature" not in name.lower():
            yield name, value
