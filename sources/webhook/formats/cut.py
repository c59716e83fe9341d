"""JSON cut into its parts without reading them: every part is exactly the bytes that were sent.

https://jcristharif.com/msgspec/usage.html and https://www.rfc-editor.org/rfc/rfc8259
"""

import json
from typing import Any

import msgspec

from router.api import ConnectorError, Reason

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_VALUE = msgspec.json.Decoder(msgspec.Raw)
_STRING = msgspec.json.Decoder(str, strict=True)


def members(text: bytes) -> dict[str, bytes]:
    """The members of a JSON object. Raises ConnectorError (PAYLOAD_MALFORMED), also if a name occurs twice."""
    found = {name: bytes(value) for name, value in _decoded(_MEMBERS, text, "a JSON object").items()}
    if _count(text) != len(found):
        raise ConnectorError(Reason.PAYLOAD_MALFORMED, "A member of the JSON object occurs more than once.")
    return found


def elements(text: bytes) -> list[bytes]:
    """The elements of a JSON array. Raises ConnectorError (PAYLOAD_MALFORMED)."""
    return [bytes(element) for element in _decoded(_ELEMENTS, text, "a JSON array")]


def check(text: bytes) -> None:
    """Raise ConnectorError (PAYLOAD_MALFORMED) unless the text is one JSON value."""
    _decoded(_VALUE, text, "JSON")


def string(text: bytes) -> str:
    """The value of a JSON string. Raises ConnectorError (PAYLOAD_MALFORMED)."""
    found: str = _decoded(_STRING, text, "a JSON string")
    return found


def _decoded(decoder: "msgspec.json.Decoder[Any]", text: bytes, what: str) -> Any:
    try:
        # What msgspec cuts out it does not look into: bytes that are no UTF-8 would pass.
        text.decode()
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ConnectorError(Reason.PAYLOAD_MALFORMED, f"The text is not {what} in UTF-8.") from None
    except RecursionError:
        raise ConnectorError(Reason.PAYLOAD_MALFORMED, "The JSON is nested too deeply.") from None


def _count(text: bytes) -> int:
    """How many members an object has, those that occur twice counted twice."""
    try:
        # An object becomes the number of its members, and no number is read, however many digits it has.
        count: int = json.loads(text, object_pairs_hook=len, parse_int=len, parse_float=len)
    except (ValueError, RecursionError):
        raise ConnectorError(Reason.PAYLOAD_MALFORMED, "The JSON is nested too deeply.") from None
    return count
