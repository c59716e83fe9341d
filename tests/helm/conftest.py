"""Each combination of values is rendered once, since Helm takes a second for it."""

from collections.abc import Sequence

import pytest

from tests.helm.chart import COMBINATIONS, EVERYTHING, MINIMAL, Object, rendered


@pytest.fixture(scope="session", params=COMBINATIONS)
def objects(request: pytest.FixtureRequest) -> Sequence[Object]:
    """The objects of each combination in turn."""
    return rendered(COMBINATIONS[request.param])


@pytest.fixture(scope="session")
def minimal() -> Sequence[Object]:
    """The objects of the fewest values that do."""
    return rendered(MINIMAL)


@pytest.fixture(scope="session")
def everything() -> Sequence[Object]:
    """The objects when every part that needs nothing else in the cluster is enabled."""
    return rendered(EVERYTHING)
