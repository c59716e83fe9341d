"""Each malformed request is refused with a 4xx and its connection closed; each unusual one is taken byte by byte."""

import pytest

from tests.attacks.answers import parse, telltales
from tests.attacks.gateway import Gateway
from tests.attacks.http_cases import CASES, Case


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_it_is_answered_as_it_should_be(gateway: Gateway, case: Case) -> None:
    text = gateway.exchange(case.data, half_close=case.cut)

    answers = parse(text, bare=case.data.startswith(b"HEAD"))
    assert tuple(answer.status for answer in answers) == case.statuses
    assert not telltales(text)
    bodies = [request.body for request in gateway.requests if request.method == "POST"]
    assert len(bodies) == case.statuses.count(202)
    assert case.body is None or bodies == [case.body]
