"""Avro's numbers: zigzag, seven bits a byte, the lowest first.

https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from functools import lru_cache

_CONTINUES, _SEVEN_BITS = 0x80, 0x7F
PAIR_BITS, PAIR = 14, 0x3FFF

SHORT = tuple(
    bytes([number]) if number < _CONTINUES else bytes([number & _SEVEN_BITS | _CONTINUES, number >> 7])
    for number in range(PAIR + 1)
)
"""The numbers that take one or two bytes, without a sign."""
PAIRS = tuple(bytes([n & _SEVEN_BITS | _CONTINUES, n >> 7 | _CONTINUES]) for n in range(PAIR + 1))
"""Fourteen bits that others follow."""


def write_long(number: int) -> bytes:
    """The number, of at most 64 bits with a sign."""
    rest = (number << 1) ^ (number >> 63)
    if rest <= PAIR:
        return SHORT[rest]
    if rest >> PAIR_BITS <= PAIR:
        return PAIRS[rest & PAIR] + SHORT[rest >> PAIR_BITS]
    return PAIRS[rest & PAIR] + PAIRS[rest >> PAIR_BITS & PAIR] + _high(rest >> 2 * PAIR_BITS)


@lru_cache
def _high(rest: int) -> bytes:
    """The bits of times that change every few minutes only."""
    written = b""
    while rest > PAIR:
        written += PAIRS[rest & PAIR]
        rest >>= PAIR_BITS
    return written + SHORT[rest]


def write_bytes(raw: bytes) -> bytes:
    """The bytes with their length before them."""
    length = len(raw) << 1
    return (SHORT[length] if length <= PAIR else write_long(length >> 1)) + raw
