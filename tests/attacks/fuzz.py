"""Attacks the whole endpoint with mutated requests: `python -m tests.attacks.fuzz --seconds 300`."""

import argparse
import time
from collections import Counter
from random import Random, SystemRandom

from tests.attacks.answers import MalformedAnswerError, parse, telltales
from tests.attacks.gateway import Gateway, running
from tests.attacks.mutations import mutated
from tests.attacks.targets import BY_NAME, TARGETS

_FRESH_SECONDS = 30


class Attack:
    """Mutated requests to one gateway, and what must hold for each and after all. outcomes: how often each status."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.outcomes: Counter[str] = Counter()
        self._signed_at = 0.0
        self._requests: list[bytes] = []

    def run(self, seed: int, count: int) -> None:
        """Send so many. Raises AssertionError, with the bytes that did it."""
        random = Random(seed)  # noqa: S311  to be repeated
        for _ in range(count):
            data = mutated(random, self._good())
            self._check(data, self._gateway.exchange(data))
        (answer,) = parse(self._gateway.exchange(BY_NAME["github"].request(event=f"msg_{seed}")))
        assert answer.status == 202, answer
        log = self._gateway.log.getvalue().encode()
        assert b"request refused" in log
        assert not telltales(log), log[:2_000]
        assert self._gateway.loop_errors == []

    def _good(self) -> list[bytes]:
        if time.monotonic() - self._signed_at > _FRESH_SECONDS:
            self._requests = [target.request() for target in TARGETS]
            self._signed_at = time.monotonic()
        return self._requests

    def _check(self, data: bytes, text: bytes) -> None:
        shown = data[:2_000]
        assert self._gateway.observer.failures == [], (self._gateway.observer.failures, shown)
        assert not telltales(text), (text, shown)
        try:
            answers = parse(text, bare=b"HEAD" in data)
        except MalformedAnswerError as error:
            raise AssertionError(error, shown) from None
        self.outcomes.update([str(answer.status) for answer in answers])
        assert all(answer.status < 500 for answer in answers), (answers, shown)


def main() -> None:
    """Attack for so many seconds, with other seeds each time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    seconds = parser.parse_args().seconds
    end, count = time.monotonic() + seconds, 0
    with running() as gateway:
        attack = Attack(gateway)
        while time.monotonic() < end:
            attack.run(SystemRandom().getrandbits(32), 100)
            count += 100
    print(f"{count} requests, no error: {dict(attack.outcomes)}")


if __name__ == "__main__":
    main()
