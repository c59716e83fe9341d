"""A CloudEvent's attributes, checked, and the record that they make.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from router.api import ConnectorError, Reason, Record
from sources.webhook.formats.texts import MAX_CHARACTERS, checked, checked_id, is_forbidden

MAX_ATTRIBUTES = 100
_VERSION = "1.0"
_NAME = re.compile(r"[a-z0-9]{1,64}")
_URI = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,18})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_MICROSECOND_DIGITS = 7
_MEDIA_TYPE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+(\s*;.*)?")
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_OF_RECORD = ("specversion", "id", "type", "subject", "time", "datacontenttype", "partitionkey", "traceparent")
_RESERVED = ("data", "datacontentencoding")


def record_of(attributes: Mapping[str, str], data: bytes | None, headers: Mapping[str, str]) -> Record:
    """The record. attributes: as text, by name. headers: of the request, without the attributes.

    Two events are the same if id and source are. Raises ConnectorError (PAYLOAD_MALFORMED, ID_MALFORMED).
    """
    _check_names(attributes)
    if _required(attributes, "specversion") != _VERSION:
        raise _malformed("Only CloudEvents of the specversion 1.0 are understood.")
    event_id = checked_id(_required(attributes, "id"))
    source = _uri("source", _required(attributes, "source"))
    trace = attributes.get("traceparent")
    valid_trace = trace if trace is not None and _TRACEPARENT.fullmatch(trace) else None
    if "dataschema" in attributes and not _SCHEME.match(_uri("dataschema", attributes["dataschema"])):
        raise _malformed("The attribute dataschema is not an absolute URI.")
    others = {f"ce-{name}": text for name, text in attributes.items() if name not in _OF_RECORD}
    return Record(
        id=event_id or "",
        type=checked(_required(attributes, "type")) or "",
        data=data,
        time=_time(attributes.get("time")),
        subject=checked(attributes.get("subject")),
        datacontenttype=_media_type(attributes.get("datacontenttype")),
        headers={**headers, **others},
        key=checked(attributes.get("partitionkey")),
        traceparent=valid_trace,
        idempotency_key=_key(source, event_id or ""),
    )


def request_headers(headers: tuple[tuple[str, str], ...], withheld: frozenset[str]) -> dict[str, str]:
    """The headers that are not the event's own."""
    return {name: text for name, text in headers if name not in withheld and not name.startswith("ce-")}


def _check_names(attributes: Mapping[str, str]) -> None:
    if len(attributes) > MAX_ATTRIBUTES:
        raise _malformed(f"The event has more than {MAX_ATTRIBUTES} attributes.")
    for name, text in attributes.items():
        if not _NAME.fullmatch(name) or name in _RESERVED:
            raise _malformed("The name of an attribute is not lower-case letters and digits, or is reserved.")
        if not text or is_forbidden(text):
            raise _malformed(f"The attribute {name} is empty or has a forbidden character.")


def _required(attributes: Mapping[str, str], name: str) -> str:
    text = attributes.get(name)
    if text is None:
        reason = Reason.ID_MALFORMED if name == "id" else Reason.PAYLOAD_MALFORMED
        raise ConnectorError(reason, f"The event has no attribute {name}.")
    return text


def _uri(name: str, text: str) -> str:
    if len(text) > MAX_CHARACTERS * 4 or not _URI.fullmatch(text):
        raise _malformed(f"The attribute {name} is not a URI reference, or is too long.")
    return text


def _time(text: str | None) -> datetime | None:
    """The time, which must be as RFC 3339 has it, with a zone. Raises ConnectorError (PAYLOAD_MALFORMED)."""
    if text is None:
        return None
    matched = _TIME.fullmatch(text)
    if matched is None:
        raise _malformed("The attribute time is not a time as RFC 3339 writes it.")
    fraction, zone = matched.group(1) or "", matched.group(2).upper()
    try:
        moment = datetime.fromisoformat(text[:19].upper() + fraction[:_MICROSECOND_DIGITS] + zone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _malformed("The attribute time is not a time as RFC 3339 writes it.") from None


def _media_type(text: str | None) -> str | None:
    if text is not None and (len(text) > MAX_CHARACTERS or not _MEDIA_TYPE.fullmatch(text)):
        raise _malformed("The attribute datacontenttype is not a media type.")
    return text


def _key(source: str, event_id: str) -> str:
    """A source has no space: no two pairs are one text."""
    return f"{source} {event_id}"


def _malformed(message: str) -> ConnectorError:
    return ConnectorError(Reason.PAYLOAD_MALFORMED, message)
