import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.api import Reason
from router.rest.dialect import Shape, flatten, nest
from router.rest.keys import flat_key, split_key
from router.rest.plugins import find


def _shape(plugin_class: str) -> Shape:
    plugin = find(plugin_class)
    assert plugin is not None
    return plugin.shape


SINK = _shape("sink.http")
POLL = _shape("source.http_poll")
SQL = _shape("source.sql_poll")

_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12)
_word = st.text("abcXYZ01.-_\\ ,\"'$", min_size=1, max_size=8)
_scalar = _text | st.integers(-(10**20), 10**20) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
_json = st.recursive(
    st.none() | _scalar,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=5,
)
_poll_settings = st.fixed_dictionaries(
    {
        "scopes": st.fixed_dictionaries({"topics": st.lists(_word, max_size=3), "hosts": st.lists(_text, max_size=3)}),
        "routes": st.lists(
            st.fixed_dictionaries({"topic": _text, "drop": st.booleans()}, optional={"when": _text}), max_size=3
        ),
    },
    optional={
        "tenant": _text,
        "schedule": st.fixed_dictionaries({"interval_seconds": st.floats(0.1, 1e6), "jitter": st.integers(0, 1)}),
        "config": st.fixed_dictionaries(
            {
                "base_url": _text,
                "headers": st.dictionaries(_word, _text, max_size=3),
                "streams": st.dictionaries(
                    _word,
                    st.fixed_dictionaries(
                        {
                            "path": _text,
                            "params": st.dictionaries(_word, _text | st.integers(), max_size=3),
                            "body": st.dictionaries(_word, _json.filter(lambda value: value is not None), max_size=3),
                            "cursor": st.fixed_dictionaries({"kind": _text, "start": _text | st.integers()}),
                        }
                    ),
                    max_size=3,
                ),
            }
        ),
    },
)


def _said(value: object) -> object:
    """Without empty mappings, which say nothing."""
    if isinstance(value, dict):
        inner = {key: _said(one) for key, one in value.items()}
        return {key: one for key, one in inner.items() if one != {}}
    return [_said(one) for one in value] if isinstance(value, list) else value


@given(_poll_settings)
@settings(max_examples=150, deadline=None)
def test_settings_come_back_from_a_flat_map_as_they_were(written: dict[str, object]) -> None:
    flat = flatten(POLL, written)

    nested = nest(POLL, flat)

    assert nested.faults == []
    # As JSON, since in Python 1 and True are the same.
    assert json.dumps(_keep_bodies(nested.settings)) == json.dumps(_keep_bodies(written))
    assert flatten(POLL, nested.settings) == flat


def _keep_bodies(value: object) -> object:
    return _sorted(_said(value))


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5).map(tuple))
def test_a_flat_key_says_which_path_it_is(path: tuple[str, ...]) -> None:
    assert split_key(flat_key(path)) == path


@given(st.text())
def test_every_key_has_parts(key: str) -> None:
    assert split_key(key)


@given(st.dictionaries(_word, _text, max_size=5))
@settings(max_examples=100, deadline=None)
def test_a_flat_map_of_anything_is_settings_or_faults_and_never_an_error(flat: dict[str, str]) -> None:
    nested = nest(SINK, flat)

    assert len(nested.keys) + len(nested.faults) == len(flat)


@pytest.mark.parametrize(
    ("flat", "expected"),
    [
        ({"topics": "a.v1, b.v1"}, {"topics": ["a.v1", "b.v1"]}),
        ({"topics": ""}, {"topics": []}),
        ({"topics.0": "a,b", "topics.1": "c"}, {"topics": ["a,b", "c"]}),
        ({"config.timeout_seconds": "2.5"}, {"config": {"timeout_seconds": 2.5}}),
        ({"config.max_in_flight": "007"}, {"config": {"max_in_flight": "007"}}),
        ({"config.max_in_flight": "9" * 5000}, {"config": {"max_in_flight": "9" * 5000}}),
        ({"config.headers.X.Tenant-Id": "7"}, {"config": {"headers": {"X.Tenant-Id": "7"}}}),
        ({"config.url": "true"}, {"config": {"url": "true"}}),
    ],
)
def test_a_flat_sink_is_read_by_its_models(flat: dict[str, str], expected: dict[str, object]) -> None:
    nested = nest(SINK, flat)

    assert nested.faults == []
    assert nested.settings == expected


def test_a_mapping_of_routes_is_a_list() -> None:
    nested = nest(POLL, {"routes.1.topic": "b", "routes.0.topic": "a", "routes.0.drop": "true"})

    assert nested.settings == {"routes": [{"topic": "a", "drop": True}, {"topic": "b"}]}


def test_a_stream_with_a_dot_in_its_name_is_written_with_a_backslash() -> None:
    flat = flatten(SQL, {"config": {"streams": {"public.orders": {"mode": "incrementing", "start": 5}}}})

    assert flat == {
        "config.streams.public\\.orders.mode": "incrementing",
        "config.streams.public\\.orders.start": "5",
    }


def test_a_string_that_looks_like_a_number_is_quoted_where_both_may_stand() -> None:
    written = {"config": {"streams": {"a": {"params": {"limit": 5, "code": "5"}}}}}

    flat = flatten(POLL, written)

    assert flat == {"config.streams.a.params.limit": "5", "config.streams.a.params.code": '"5"'}
    assert nest(POLL, flat).settings == written


@pytest.mark.parametrize(
    ("flat", "reason", "key"),
    [
        ({"config.ulr": "x"}, Reason.CONFIG_KEY_UNKNOWN, "config.ulr"),
        ({"sasl.jaas.config": "x"}, Reason.CONFIG_KEY_UNKNOWN, "sasl.jaas.config"),
        ({"producer.override.acks": "0"}, Reason.CONFIG_KEY_UNKNOWN, "producer.override.acks"),
        ({"topics.x": "a"}, Reason.CONFIG_KEY_UNKNOWN, "topics.x"),
        ({"config..url": "x"}, Reason.CONFIG_KEY_UNKNOWN, "config..url"),
        ({"": "x"}, Reason.CONFIG_KEY_UNKNOWN, ""),
        ({"topics": "a", "topics.0": "b"}, Reason.CONFIG_KEY_DUPLICATE, "topics.0"),
        ({"topics.0": "a", "topics.2": "b"}, Reason.CONFIG_INVALID, "topics"),
    ],
)
def test_a_key_that_means_nothing_is_a_fault(flat: dict[str, str], reason: Reason, key: str) -> None:
    faults = nest(SINK, flat).faults

    assert [(fault.reason, fault.path) for fault in faults] == [(reason, key)]


def test_a_misspelt_key_is_told_what_was_meant() -> None:
    (fault,) = nest(SINK, {"config.ulr": "secret"}).faults

    assert fault.fix == "Did you mean `config.url`?"
    assert "secret" not in str(fault)


def test_shapes_know_settings_of_both_kinds() -> None:
    assert SINK.kinds(("topics", 0)) == (str,)
    assert SINK.kinds(("config", "timeout_seconds")) == (float,)
    assert SINK.kinds(("routes",)) == ()
