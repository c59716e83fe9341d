"""Each scheme's and each format's endpoint takes a good request, so that attacks on it reach what they attack."""

import pytest

from tests.attacks.answers import parse, telltales
from tests.attacks.gateway import Gateway
from tests.attacks.targets import TARGETS, Target


@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_a_good_request_is_accepted(gateway: Gateway, target: Target) -> None:
    """Except where a certificate is needed, which is not there."""
    (answer,) = parse(gateway.exchange(target.request()))

    assert answer.status in ((202, 207) if target.accepted else (401,)), answer
    assert not telltales(answer.body)
