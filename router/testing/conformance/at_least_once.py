"""The claims of a sink that declares at least once: what arrives twice can be told by its key."""

from typing import ClassVar

from router.api import Guarantee, SinkConnector
from router.testing.conformance.claim import claim, hold
from router.testing.conformance.sink import SinkClaims
from router.testing.conformance.sink_target import Arrival, SinkTarget, opened

__all__ = ["Arrival", "AtLeastOnceClaims", "SinkTarget"]


class AtLeastOnceClaims(SinkClaims):
    """What a sink of the guarantee AT_LEAST_ONCE claims beyond what every sink does."""

    connector: ClassVar[SinkConnector]

    @claim
    async def test_declares_at_least_once(self) -> None:
        """It declares at least once."""
        declared = self.connector.guarantee
        hold(declared is Guarantee.AT_LEAST_ONCE, f"it declares {declared}: let its test inherit ExactlyOnceClaims")

    @claim
    async def test_idempotency_key_goes_out(self, target: SinkTarget) -> None:
        """Every event carries its idempotency key, so that the other side can tell a repetition."""
        async with target:
            events = target.events()
            async with opened(self.connector, target, events) as delivery:
                await delivery.write(0, 3)
            keys = {arrival.id: arrival.idempotency_key for arrival in await target.arrived()}
            for number in range(3):
                event = events.event(number)
                key = keys.get(event.id)
                hold(key == event.idempotency_key, f"{event.id} arrives with the idempotency key {key!r}")

    @claim
    async def test_repetition_has_the_same_key(self, target: SinkTarget) -> None:
        """What is written again, also after a restart, arrives under the same idempotency key or not at all."""
        async with target:
            events = target.events()
            for _ in range(2):
                async with opened(self.connector, target, events) as delivery:
                    await delivery.write(0, 3)
                    await delivery.write(0, 3)
            arrivals = await target.arrived()
            for number in range(3):
                keys = {arrival.idempotency_key for arrival in arrivals if arrival.id == f"event-{number}"}
                wanted = {events.event(number).idempotency_key}
                hold(keys == wanted, f"event-{number}, written four times, arrives under the keys {keys}")
