"""The media type of a body.

https://www.rfc-editor.org/rfc/rfc9110#name-content-type
"""

from collections.abc import Collection
from typing import NamedTuple

from router.api import ConnectorError, Reason, Request

_CHARSETS = ("utf-8", "us-ascii")


class ContentType(NamedTuple):
    """text: as sent, empty if nothing was. media_type, charset: in lower case, empty if there is none."""

    text: str
    media_type: str
    charset: str


def content_type(request: Request) -> ContentType:
    """Raises ConnectorError (DUPLICATE_HEADER)."""
    values = request.values("content-type")
    if len(values) > 1:
        raise ConnectorError(Reason.DUPLICATE_HEADER, "The header content-type occurs more than once.")
    text = values[0] if values else ""
    media_type, *parameters = [part.strip() for part in text.split(";")]
    pairs = [parameter.partition("=") for parameter in parameters]
    charsets = [value.strip().strip('"').lower() for name, _, value in pairs if name.strip().lower() == "charset"]
    return ContentType(text, media_type.lower(), ",".join(charsets))


def check_allowed(sent: ContentType, allowed: Collection[str]) -> None:
    """Raise ConnectorError (CONTENT_TYPE_UNSUPPORTED) unless the media type is one of these."""
    if sent.media_type not in allowed:
        message = f"Send one of these content types: {', '.join(sorted(allowed))}."
        raise ConnectorError(Reason.CONTENT_TYPE_UNSUPPORTED, message)


def check_utf8(sent: ContentType) -> None:
    """Raise ConnectorError (CONTENT_TYPE_UNSUPPORTED) if the type has another charset: JSON is UTF-8."""
    if sent.charset and sent.charset not in _CHARSETS:
        raise ConnectorError(Reason.CONTENT_TYPE_UNSUPPORTED, "JSON must be sent with the charset utf-8, or none.")


def is_json(media_type: str) -> bool:
    """Whether the media type says that the data is JSON."""
    subtype = media_type.partition("/")[2]
    return subtype == "json" or subtype.endswith("+json")
