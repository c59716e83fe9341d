"""Rows 1 to 20 through the whole endpoint: status, what the sender is told, and the reason that the metrics tell."""

import gzip
import time
import tracemalloc
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from router.api import Reason
from router.config.models import KeySettings
from sources.webhook.config import WebhookConfig
from tests.attacks.answers import parse, telltales
from tests.attacks.gateway import Gateway
from tests.attacks.targets import BY_NAME, CANARY, VALUES, Target

Change = Callable[[Target, dict[str, str]], dict[str, str]]
STANDARD, GITHUB = BY_NAME["standard"], BY_NAME["github"]
BODY = b'{"id": "1", "amount": 1}'


def signed(target: Target, body: bytes = BODY, **changes: str | None) -> bytes:
    """A request with some of its headers changed, or left out."""
    lines = target.request(body).split(b"\r\n\r\n", 1)[0].split(b"\r\n")
    given = {name.replace("_", "-").lower(): value for name, value in changes.items()}
    kept = [line for line in lines if line.split(b":")[0].decode().lower() not in given]
    added = [f"{name}: {value}".encode("latin-1") for name, value in given.items() if value is not None]
    return b"\r\n".join([*kept, *added, b"", b""]) + body


def stamped(sent_at: object) -> bytes:
    return signed(STANDARD, webhook_timestamp=str(sent_at))


def now() -> int:
    return int(time.time())


GOOD = "v1," + "A" * 43 + "="
CASES: tuple[tuple[int, str, str, Callable[[], bytes], Reason], ...] = (
    (1, "no signature", "standard", lambda: signed(STANDARD, webhook_signature=None), Reason.SIGNATURE_MISSING),
    (1, "no signature", "github", lambda: signed(GITHUB, x_hub_signature_256=None), Reason.SIGNATURE_MISSING),
    (2, "of another body", "github", lambda: signed(GITHUB)[: -len(BODY)] + BODY[::-1], Reason.SIGNATURE_MISMATCH),
    (
        3,
        "one space more",
        "github",
        lambda: signed(GITHUB).replace(b": 24\r\n", b": 25\r\n") + b" ",
        Reason.SIGNATURE_MISMATCH,
    ),
    (
        4,
        "serialised again",
        "github",
        lambda: signed(GITHUB).replace(b": 24", b": 22").replace(b'": ', b'":'),
        Reason.SIGNATURE_MISMATCH,
    ),
    (5, "301 s old", "standard", lambda: stamped(now() - 302), Reason.TIMESTAMP_OUT_OF_WINDOW),
    (6, "301 s ahead", "standard", lambda: stamped(now() + 303), Reason.TIMESTAMP_OUT_OF_WINDOW),
    *[
        (7, f"timestamp {text[:20]}", "standard", lambda text=text: stamped(text), Reason.TIMESTAMP_MALFORMED)
        for text in ("1614265330.9", "1_6", "+1", "1e9", "\xb2", "9" * 400, "-1", "0x1")
    ],
    *[
        (10, f"signature {text[:20]}", "standard", lambda text=text: signed(STANDARD, webhook_signature=text), reason)
        for text, reason in {
            "v1,": Reason.SIGNATURE_MALFORMED,
            "v1": Reason.SIGNATURE_MALFORMED,
            "garbage": Reason.SIGNATURE_MALFORMED,
            "v1,x " * 1_500: Reason.TOO_MANY_SIGNATURES,
        }.items()
    ],
    (
        11,
        "junk inside",
        "standard",
        lambda: signed(STANDARD, webhook_signature=GOOD[:9] + "!" + GOOD[9:]),
        Reason.SIGNATURE_MALFORMED,
    ),
    (
        12,
        "a thousand",
        "standard",
        lambda: signed(STANDARD, webhook_signature=f"{GOOD} " * 150),
        Reason.TOO_MANY_SIGNATURES,
    ),
    (
        13,
        "only v0",
        "standard",
        lambda: signed(STANDARD, webhook_signature="v0=" + "0" * 64),
        Reason.SCHEME_NOT_ALLOWED,
    ),
    (
        13,
        "only sha1",
        "github",
        lambda: signed(GITHUB, x_hub_signature_256="sha1=" + "0" * 40),
        Reason.SCHEME_NOT_ALLOWED,
    ),
    (
        14,
        "not ASCII",
        "github",
        lambda: signed(GITHUB, x_hub_signature_256="sha256=\xe9\xff"),
        Reason.SIGNATURE_MALFORMED,
    ),
    (15, "an id with a dot", "standard", lambda: signed(STANDARD, webhook_id="a.b"), Reason.ID_MALFORMED),
    (15, "a long id", "standard", lambda: signed(STANDARD, webhook_id="a" * 256), Reason.ID_MALFORMED),
    (
        16,
        "two signatures",
        "github",
        lambda: GITHUB.request(BODY, "m", ("X-Hub-Signature-256", "x")),
        Reason.DUPLICATE_HEADER,
    ),
    (16, "two ids", "standard", lambda: STANDARD.request(BODY, "m", ("webhook-id", "x")), Reason.DUPLICATE_HEADER),
    (
        16,
        "two timestamps",
        "standard",
        lambda: STANDARD.request(BODY, "m", ("webhook-timestamp", "1")),
        Reason.DUPLICATE_HEADER,
    ),
    (
        20,
        "of another endpoint",
        "bitbucket",
        lambda: signed(GITHUB).replace(b"/github", b"/bitbucket"),
        Reason.SIGNATURE_MISSING,
    ),
)
INPUT_INVALID = (Reason.ID_MALFORMED, Reason.DUPLICATE_HEADER)


@pytest.mark.parametrize(
    ("row", "name", "target", "request_of", "reason"), CASES, ids=[f"{one[0]}-{one[1]}-{one[2]}" for one in CASES]
)
def test_an_attack_has_its_status_its_answer_and_its_metric(
    gateway: Gateway, row: int, name: str, target: str, request_of: Callable[[], bytes], reason: Reason
) -> None:
    before = gateway.refusals(target, reason)

    (answer,) = parse(gateway.exchange(request_of()))

    told = reason if reason in INPUT_INVALID else "UNAUTHENTICATED"
    assert (answer.status, answer.reason) == (400 if reason in INPUT_INVALID else 401, told)
    assert gateway.refusals(target, reason) == before + 1
    assert gateway.events == []
    assert not telltales(answer.body)


def test_a_replay_inside_the_window_is_accepted_and_is_no_second_event(gateway: Gateway) -> None:
    """Row 8."""
    request = STANDARD.request(b'{"replayed": 1}', "msg_replayed")

    answers = [parse(gateway.exchange(request))[0].status for _ in range(3)]

    assert (answers, gateway.carried) == ([202] * 3, [b'{"replayed": 1}'])


@pytest.mark.parametrize("late", [-298, 298])
def test_at_the_edge_of_the_window_it_is_accepted(gateway: Gateway, late: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 6; the edge itself is tried where the clock stands still."""
    at = time.time()
    monkeypatch.setattr("tests.attacks.targets.time.time", lambda: at + late)
    request = STANDARD.request(b"[%d]" % late, f"msg_edge_{late}")
    monkeypatch.undo()

    (answer,) = parse(gateway.exchange(request))

    assert answer.status == 202


def test_an_unknown_path_and_a_forged_signature_are_answered_alike(gateway: Gateway) -> None:
    """Row 21: the same status, headers and body, but for what is random."""
    known = signed(GITHUB, x_hub_signature_256="sha256=" + "0" * 64)
    unknown = known.replace(b"/hooks/github", b"/hooks/nobody")

    (one,), (two,) = parse(gateway.exchange(known)), parse(gateway.exchange(unknown))

    assert (one.status, one.reason, sorted(one.fields)) == (two.status, two.reason, sorted(two.fields))
    assert len(one.body) == len(two.body)


def test_a_bomb_is_refused_within_the_limit(gateway: Gateway) -> None:
    """Row 38, by the whole endpoint; the secret of the key in the query is in no answer."""
    bomb = gzip.compress(b"\0" * 50_000_000)
    head = f"POST /hooks/api-key-query?key={CANARY} HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nConnection: close"

    tracemalloc.start()
    (answer,) = parse(gateway.exchange(f"{head}\r\nContent-Length: {len(bomb)}\r\n\r\n".encode() + bomb))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (answer.status, answer.reason) == (413, Reason.PAYLOAD_TOO_LARGE)
    assert peak < 20_000_000
    assert not telltales(answer.body)


def test_keys_are_remembered_for_longer_than_any_signature_is_valid() -> None:
    """Row 9: what would let a replay through is no configuration."""
    with pytest.raises(ValidationError):
        KeySettings(window_hours=167)
    with pytest.raises(ValidationError):
        WebhookConfig.model_validate(
            {"path": "/a", "verify": {**STANDARD.verify, "tolerance_seconds": 86_401}},
            context={"resolve": VALUES.__getitem__},
        )
