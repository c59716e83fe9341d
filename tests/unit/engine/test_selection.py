"""Which handler gets an event."""

import pytest

from router.engine import EngineSettings, Envelope
from router.engine.selection import Selection


async def paid(_event: Envelope) -> None: ...


async def rest(_event: Envelope) -> None: ...


def test_a_type_goes_to_the_handler_that_names_it_and_the_others_to_the_one_that_names_none() -> None:
    selection = Selection()
    selection.add(paid, ["order.paid"])
    selection.add(rest, None)

    assert selection.of("order.paid") is paid
    assert selection.of("order.refunded") is rest


def test_a_type_that_no_handler_names_is_for_nobody() -> None:
    selection = Selection()
    selection.add(paid, ["order.paid"])

    assert selection.of("order.refunded") is None


@pytest.mark.parametrize("types", [["order.paid", "order.sent"], None])
def test_no_event_has_two_handlers(types: list[str] | None) -> None:
    selection = Selection()
    selection.add(paid, ["order.paid"])
    selection.add(rest, None)

    with pytest.raises(ValueError, match="a handler already"):
        selection.add(paid, types)


def test_a_text_instead_of_a_list_of_types_is_refused() -> None:
    with pytest.raises(ValueError, match="types is a list"):
        Selection().add(paid, "order.paid")


def test_an_engine_whose_name_no_topic_can_have_is_refused() -> None:
    with pytest.raises(ValueError, match="lower-case"):
        EngineSettings("Fraud Check", "127.0.0.1:9092", "http://127.0.0.1:8081")
