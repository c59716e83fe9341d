"""What can be asked of the stack."""

from pathlib import Path

import pytest

from router.api import ConnectorError, Reason
from router.dev.stack import Ports, Stack


@pytest.mark.parametrize(
    "components", [set(), {"zookeeper"}, {"kafka", "kafak"}, {"registry"}, {"registry", "postgres"}]
)
def test_components_that_cannot_run_are_refused(components: set[str], tmp_path: Path) -> None:
    with pytest.raises(ConnectorError) as caught:
        Stack(tmp_path, Ports(), components=frozenset(components))

    assert caught.value.reason is Reason.USAGE


def test_a_stack_that_was_not_started_stops_nothing(tmp_path: Path) -> None:
    stack = Stack(tmp_path, Ports())

    stack.stop()

    assert not stack.is_owner
    assert stack.component("kafka").pid is None
