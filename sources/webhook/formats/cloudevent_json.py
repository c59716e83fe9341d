"""A CloudEvent as JSON, whose data stays exactly the bytes that were sent.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

import base64
import binascii
import re
from collections.abc import Mapping

from router.api import ConnectorError, Reason, Record
from sources.webhook.formats.cloudevent import record_of
from sources.webhook.formats.content_type import is_json
from sources.webhook.formats.cut import members, string

_INTEGER = re.compile(rb"0|-?[1-9][0-9]{0,9}")
_INT32 = range(-(2**31), 2**31)
_TEXTS = ("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema")
_DEFAULT_TYPE = "application/json"


def read(text: bytes, headers: Mapping[str, str]) -> Record:
    """The record of an event. headers: of its request. Raises ConnectorError (PAYLOAD_MALFORMED, ID_MALFORMED)."""
    found = members(text)
    data, encoded = found.pop("data", None), found.pop("data_base64", None)
    if data is not None and encoded is not None:
        raise ConnectorError(Reason.PAYLOAD_MALFORMED, "The event has both data and data_base64.")
    attributes = {name: _attribute(name, value) for name, value in found.items() if value != b"null"}
    if encoded is not None:
        return record_of(attributes, _decoded(encoded), headers)
    if data is None:
        return record_of(attributes, None, headers)
    kind = attributes.setdefault("datacontenttype", _DEFAULT_TYPE)
    return record_of(attributes, _data(data, kind), headers)


def _data(value: bytes, kind: str) -> bytes:
    """A text that is not JSON stands in a string; everything else is the data as it stands."""
    if value.startswith(b'"') and not is_json(kind.partition(";")[0].strip().lower()):
        return string(value).encode()
    return value


def _attribute(name: str, value: bytes) -> str:
    if value.startswith(b'"'):
        return string(value)
    if name not in _TEXTS:
        if value in (b"true", b"false"):
            return value.decode()
        if _INTEGER.fullmatch(value) and int(value) in _INT32:
            return value.decode()
    message = "An attribute of the event has a type that it may not have."
    raise ConnectorError(Reason.PAYLOAD_MALFORMED, message)


def _decoded(value: bytes) -> bytes:
    try:
        text = string(value).encode("ascii")
        decoded = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        decoded, text = b"", b"="
    if base64.b64encode(decoded) != text:
        raise ConnectorError(Reason.PAYLOAD_MALFORMED, "The member data_base64 is not base64.")
    return decoded
