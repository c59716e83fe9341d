"""Rows 21 and 22: how long an answer takes tells neither how much of a signature was right nor of an endpoint."""

import time
from statistics import quantiles

import pytest

from router.api import ConnectorError
from tests.attacks.gateway import Gateway
from tests.unit.sources.webhook.senders import GITHUB, SHOPIFY, STANDARD, STRIPE, SignedBy, replaced

PROBES = 100_000
SHARE = 0.05
"""Of the time of a verification; a comparison byte by byte would still be far below, but so is what anybody can see."""


def lower(times: list[int]) -> float:
    """What it takes when nothing else happens."""
    return quantiles(times, n=10)[1]


@pytest.mark.parametrize("sender", [GITHUB, STANDARD, STRIPE, SHOPIFY], ids=lambda sender: str(sender.name))
def test_the_first_and_the_last_byte_of_a_signature_take_alike(sender: SignedBy) -> None:
    """Probes are wrong in the first byte and in the last in turns."""
    (value,) = sender.request().values(sender.signature)
    start = max(value.rfind("="), value.rfind(",")) + 1 if not value.endswith("=") else value.find(",") + 1
    last = len(value.rstrip("=")) - 2
    wrong = [
        replaced(sender.request(), sender.signature, value[:at] + ("0" if value[at] != "0" else "1") + value[at + 1 :])
        for at in (start, last)
    ]
    receive, clock = sender.endpoint.receive, time.perf_counter_ns
    times: tuple[list[int], list[int]] = ([], [])
    for _ in range(PROBES // 2):
        for request, taken in zip(wrong, times, strict=True):
            begun = clock()
            try:
                receive(request)
            except ConnectorError:
                taken.append(clock() - begun)

    first, second = lower(times[0]), lower(times[1])
    assert len(times[0]) == len(times[1]) == PROBES // 2
    assert abs(first - second) / max(first, second) < SHARE


def test_an_unknown_path_and_a_forged_signature_take_alike(gateway: Gateway) -> None:
    body = b"Content-Length: 2\r\nConnection: close\r\n\r\n{}"
    heads = [
        b"POST /hooks/%b HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: sha256=%b\r\n" % (name, b"0" * 64) + body
        for name in (b"github", b"nobody")
    ]
    times: tuple[list[int], list[int]] = ([], [])
    for _ in range(600):
        for data, taken in zip(heads, times, strict=True):
            begun = time.perf_counter_ns()
            gateway.exchange(data, half_close=False)
            taken.append(time.perf_counter_ns() - begun)

    known, unknown = lower(times[0]), lower(times[1])
    assert abs(known - unknown) / max(known, unknown) < 0.15
