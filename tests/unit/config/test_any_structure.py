"""Whatever stands where in a configuration, loading ends in faults, each with a reason and a place, and never else."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.api import Reason
from router.config.faults import KeyPath
from tests.unit.config.examples import VALID, faults, write


def _paths(value: Any, path: KeyPath = ()) -> list[KeyPath]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, inner in below for found in _paths(inner, (*path, key)))]


VALID_DATA = yaml.safe_load(VALID)
_TEXTS = st.text(max_size=5) | st.sampled_from(["*", "${env:X}", "${${}}", "a: b", "(", "..", "[::1]:1", "true"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=5,
)


def _changed(path: KeyPath, value: Any, *, key: str | None) -> Any:
    """The valid configuration with another value at the path, or beside it under the key."""
    if not path:
        return value
    data = deepcopy(VALID_DATA)
    parent = data
    for part in path[:-1]:
        parent = parent[part]
    parent[key if key is not None and isinstance(parent, dict) else path[-1]] = value
    return data


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(path=st.sampled_from(_paths(VALID_DATA)), value=_VALUES, key=st.none() | _TEXTS)
def test_any_value_anywhere_gives_faults_or_a_configuration(
    tmp_path: Path, path: KeyPath, value: Any, key: str | None
) -> None:
    text = yaml.safe_dump(_changed(path, value, key=key), allow_unicode=True)

    found = faults(write(tmp_path, text))

    assert all(fault.reason in Reason and fault.message and fault.file for fault in found)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("path", _paths(VALID_DATA)[1:], ids=str)
def test_whatever_is_left_out_gives_a_fault_unless_it_is_optional(tmp_path: Path, path: KeyPath) -> None:
    data = deepcopy(VALID_DATA)
    parent = data
    for part in path[:-1]:
        parent = parent[part]
    del parent[path[-1]]

    found = faults(write(tmp_path, yaml.safe_dump(data)))

    # The route that is left out here is the one that only filters.
    optional = {"port", "key", "sources", "sinks", "github", "store"}
    assert bool(found) is not (path[-1] in optional or path == ("sources", "github", "routes", 0))
