"""A record as Faust hands it over."""

from typing import NamedTuple

from router.kafka.producer import Headers


class FaustRecord(NamedTuple):
    """What Faust's message says, in the words of `Origin`."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
