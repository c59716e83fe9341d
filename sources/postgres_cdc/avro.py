"""Avro's numbers and lengths behind the branch of a nullable field, as the rows of a change have them.

https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from functools import lru_cache
from struct import Struct

NULL, PRESENT = b"\x00", b"\x02"
"""The branches of `["null", …]`."""
EMPTY_COLLECTION = b"\x00"
TRUE, FALSE = b"\x02\x01", b"\x02\x00"
SINGLE, DOUBLE = Struct("<Bf").pack, Struct("<Bd").pack
_BITS, _MASK, _MORE = 7, 0x7F, 0x80
_PAIR_BITS, _PAIR = 14, 0x3FFF


def number(value: int) -> bytes:
    """A long of at most 64 bits: zigzag, seven bits a byte, the lowest first."""
    rest = (value << 1) ^ (value >> 63)
    written = bytearray()
    while rest > _MASK:
        written.append(rest & _MASK | _MORE)
        rest >>= _BITS
    written.append(rest)
    return bytes(written)


NUMBERS = tuple([PRESENT + number((zigzag >> 1) ^ -(zigzag & 1)) for zigzag in range(_PAIR + 1)])
"""The numbers whose zigzag takes one or two bytes, behind the branch."""
_MIDDLE = tuple([bytes([n & _MASK | _MORE, n >> _BITS | _MORE]) for n in range(_PAIR + 1)])
_LOW = tuple([PRESENT + pair for pair in _MIDDLE])
_HIGH = tuple([number((zigzag >> 1) ^ -(zigzag & 1)) for zigzag in range(_PAIR + 1)])
LENGTHS = tuple([PRESENT + number(length) for length in range(0x2000)])
"""Lengths behind the branch."""


def present(value: int) -> bytes:
    """A number of at most 64 bits behind the branch."""
    rest = (value << 1) ^ (value >> 63)
    return NUMBERS[rest] if rest <= _PAIR else _LOW[rest & _PAIR] + _high(rest >> _PAIR_BITS)


def _high(rest: int) -> bytes:
    return _HIGH[rest] if rest <= _PAIR else _MIDDLE[rest & _PAIR] + _higher(rest >> _PAIR_BITS)


@lru_cache
def _higher(rest: int) -> bytes:
    """The bits of times that change every few minutes only."""
    return number((rest >> 1) ^ -(rest & 1))


def length(size: int) -> bytes:
    """A length behind the branch."""
    return LENGTHS[size] if size < len(LENGTHS) else present(size)


def text(value: bytes) -> bytes:
    """A string that is not nullable."""
    return number(len(value)) + value
