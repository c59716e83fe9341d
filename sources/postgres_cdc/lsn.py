"""Positions in Postgres's log, as numbers and as Postgres writes them."""


def parse(text: str) -> int:
    """The number of `16/B374D848`. Raises ValueError."""
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def show(number: int) -> str:
    """As Postgres writes it, such as `16/B374D848`."""
    return f"{number >> 32:X}/{number & 0xFFFFFFFF:X}"
