"""What the attributes of an event may be.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
"""

import re

from router.api import ConnectorError, Reason

MAX_CHARACTERS = 255
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What CloudEvents excludes from texts."""


def checked_id(text: str | None) -> str | None:
    """The id. Raises ConnectorError (ID_MALFORMED)."""
    if text is not None and (len(text) > MAX_CHARACTERS or not text.isprintable()):
        raise ConnectorError(Reason.ID_MALFORMED, f"The id must be at most {MAX_CHARACTERS} printable characters.")
    return text


def checked(text: str | None) -> str | None:
    """A text that is no id. Raises ConnectorError (PAYLOAD_MALFORMED)."""
    if text is not None and (len(text) > MAX_CHARACTERS or is_forbidden(text)):
        message = f"The event's type and subject must be at most {MAX_CHARACTERS} characters, none a control character."
        raise ConnectorError(Reason.PAYLOAD_MALFORMED, message)
    return text


def is_forbidden(text: str) -> bool:
    """Whether it has a character that CloudEvents excludes."""
    return _FORBIDDEN.search(text) is not None
