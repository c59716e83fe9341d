"""Strict readings of what stands in signature headers: exactly one spelling of each value is accepted."""

import base64
import binascii
import string

from router.api import ConnectorError, Reason, Request

MAX_SIGNATURES = 10
_MAX_TIMESTAMP_DIGITS = 12
_LOWER_HEX = frozenset("0123456789abcdef")
_FROM_URL = str.maketrans("-_", "+/")
_BASE64 = frozenset(string.ascii_letters + string.digits + "+/=")


def single(request: Request, header: str, missing: Reason) -> str:
    """The only value of a header. Raises ConnectorError: `missing`, or DUPLICATE_HEADER."""
    values = request.values(header)
    if len(values) > 1:
        raise ConnectorError(Reason.DUPLICATE_HEADER, f"The header {header} occurs more than once.")
    if not values or not values[0]:
        raise ConnectorError(missing, f"The header {header} is missing.")
    return values[0]


def decode_base64(text: str, length: int) -> bytes | None:
    """The bytes, if the text is the canonical base64 of so many; else None."""
    if len(text) != -(-length // 3) * 4 or not _BASE64.issuperset(text):
        return None
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if len(decoded) == length and base64.b64encode(decoded).decode() == text else None


def decode_base64url(text: str, length: int) -> bytes | None:
    """The bytes, if the text is the canonical base64 for URLs of so many, padded; else None."""
    return None if "+" in text or "/" in text else decode_base64(text.translate(_FROM_URL), length)


def decode_base64url_unpadded(text: str, length: int) -> bytes | None:
    """The bytes, if the text is the canonical base64 for URLs of so many, without padding; else None."""
    return None if "=" in text else decode_base64url(text + "=" * (-len(text) % 4), length)


def decode_hex(text: str, length: int) -> bytes | None:
    """The bytes, if the text is the lower-case hexadecimal of so many; else None."""
    return bytes.fromhex(text) if len(text) == length * 2 and _LOWER_HEX.issuperset(text) else None


def timestamp(text: str) -> int:
    """Seconds since the epoch. Raises ConnectorError (TIMESTAMP_MALFORMED) unless it is digits and nothing else."""
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_TIMESTAMP_DIGITS):
        raise ConnectorError(Reason.TIMESTAMP_MALFORMED, "The timestamp must be an integer number of seconds.")
    return int(text)


def check_window(seconds: int, now: float, tolerance_seconds: int) -> None:
    """Raise ConnectorError (TIMESTAMP_OUT_OF_WINDOW) unless it is at most the tolerance ago or ahead."""
    if abs(int(now) - seconds) > tolerance_seconds:
        raise ConnectorError(
            Reason.TIMESTAMP_OUT_OF_WINDOW, f"The timestamp is more than {tolerance_seconds} seconds off."
        )
