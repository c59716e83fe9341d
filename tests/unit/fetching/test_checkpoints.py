"""What the checkpoints' topic says, folded."""

import pytest

from router.api import ConnectorError, Reason, Window
from router.fetching.backfill import backfill_id
from router.fetching.checkpoints import CheckpointStore, Scope, fold
from router.kafka.consumer import Consumed

STORE = CheckpointStore("127.0.0.1:1", "shop")


def consumed(key: bytes | None, value: bytes | None) -> Consumed:
    return Consumed("shop.offsets", 0, 7, key, value, None)  # type: ignore[arg-type]  # no headers are read


def test_the_last_value_of_each_stream_counts_and_null_deletes() -> None:
    orders, other = Scope("orders"), Scope("other")
    messages = [
        STORE.message(orders, "a", {"next": 1}),
        STORE.message(orders, "b", {"next": 1}),
        STORE.message(orders, "a", {"next": 2}),
        STORE.message(other, "a", {"next": 9}),
        STORE.message(orders, "b", None),
    ]

    found = fold(consumed(message.key, message.value) for message in messages)

    assert found.of(orders) == {"a": {"next": 2}}
    assert found.of(other) == {"a": {"next": 9}}


def test_a_backfills_checkpoints_are_not_those_of_the_runs() -> None:
    run, backfill = Scope("orders"), Scope("orders", "1f")
    messages = [STORE.message(run, "a", {"next": 1}), STORE.message(backfill, "a", {"next": 5})]

    found = fold(consumed(message.key, message.value) for message in messages)

    assert messages[1].key == b'["orders","a","1f"]'
    assert (found.of(run), found.of(backfill)) == ({"a": {"next": 1}}, {"a": {"next": 5}})
    assert found.of(Scope("orders", "2f")) == {}


def test_who_claimed_a_transactional_id_last_owns_it() -> None:
    claims = [STORE.claim("con-shop-orders-0", {"owner": owner}) for owner in ("first", "second")]

    found = fold(consumed(message.key, message.value) for message in claims)

    assert found.owners == {"con-shop-orders-0": {"owner": "second"}}
    assert not found.positions


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (None, b"{}"),
        (b"orders", b"{}"),
        (b'["a","b","c","d"]', b"{}"),
        (b'["a","b"]', b"7"),
        (b'["a","b"]', b"{"),
        (b"7", b"{}"),
    ],
)
def test_a_record_that_is_no_checkpoint_is_said_with_its_place(key: bytes | None, value: bytes) -> None:
    with pytest.raises(ConnectorError) as caught:
        fold([consumed(key, value)])

    assert caught.value.reason is Reason.CONFIG_INVALID
    assert "offset 7 of shop.offsets" in caught.value.message


def test_the_same_window_is_the_same_backfill() -> None:
    ids = [backfill_id(window) for window in (Window("1", "2"), Window("1", "2"), Window("1", None), Window(None, "2"))]

    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
