"""A fatal error of librdkafka's ends a producer, and not the polling that all sends wait for."""

import asyncio

from confluent_kafka import KafkaError, KafkaException, Producer

from router.kafka.producer import AsyncProducer, Message

NOBODY = {"bootstrap.servers": "127.0.0.1:1", "log_level": 0, "delivery.timeout.ms": 500}


class Fatal(Producer):
    """Says at its first poll that it has failed for good, as librdkafka raises it."""

    polled = 0

    def poll(self, *args: float) -> int:
        self.polled += 1
        if self.polled == 1:
            raise KafkaException(KafkaError(KafkaError._FATAL, "fatal", True))
        return super().poll(*args)


async def test_after_a_fatal_error_what_was_sent_is_told_and_a_new_producer_takes_the_next() -> None:
    async with AsyncProducer(NOBODY) as producer:
        failed = producer._producer = Fatal(NOBODY)

        outcomes = await asyncio.gather(
            producer.send([Message("t", b"k", b"v", [])]),
            producer.send([Message("t", b"k", b"v", [])]),
            return_exceptions=True,
        )

        assert all(isinstance(outcome, Exception) for outcome in outcomes)
        assert producer._producer is not failed
        assert failed.polled > 1
