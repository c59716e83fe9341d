"""The format `cloudevents`: one event in headers and body, one as JSON, or a batch of them.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

import re
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from router.api import ConnectorError, Items, Reason, Record, Request
from sources.webhook.formats.batch import BatchSettings, gather
from sources.webhook.formats.cloudevent import record_of, request_headers
from sources.webhook.formats.cloudevent_json import read
from sources.webhook.formats.content_type import ContentType, check_utf8, content_type
from sources.webhook.formats.cut import elements

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
_FAMILY = "application/cloudevents"
_PREFIX = "ce-"
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


class CloudEventsFormat:
    """withheld: the headers that no record may carry."""

    def __init__(self, withheld: frozenset[str], batch: BatchSettings) -> None:
        self._withheld = withheld
        self._batch = batch

    def records(self, request: Request) -> Sequence[Record] | Items:
        """One record, or the outcome of each item of a batch. Raises ConnectorError (INPUT_INVALID)."""
        sent = content_type(request)
        headers = request_headers(request.headers, self._withheld)
        if sent.media_type == STRUCTURED:
            check_utf8(sent)
            return [read(request.body, headers)]
        if sent.media_type == BATCH:
            check_utf8(sent)
            return gather(elements(request.body), lambda _index, text: read(text, headers), self._batch)
        if sent.media_type.startswith(_FAMILY) or not request.values("ce-specversion"):
            message = f"Send a CloudEvent: with the headers ce-*, as {STRUCTURED}, or several as {BATCH}."
            raise ConnectorError(Reason.CONTENT_TYPE_UNSUPPORTED, message)
        return [record_of(_attributes(request, sent), request.body, headers)]


def _attributes(request: Request, sent: ContentType) -> dict[str, str]:
    found: dict[str, str] = {}
    for header, text in request.headers:
        if header.startswith(_PREFIX):
            name = header.removeprefix(_PREFIX)
            if name in found:
                raise ConnectorError(Reason.DUPLICATE_HEADER, "A header ce-* occurs more than once.")
            found[name] = _text(text)
    if "datacontenttype" in found:
        message = "The attribute datacontenttype is the header content-type, and no other."
        raise ConnectorError(Reason.PAYLOAD_MALFORMED, message)
    return {**found, "datacontenttype": sent.text} if sent.text else found


def _text(value: str) -> str:
    """The value without quotes, and decoded once. Raises ConnectorError (PAYLOAD_MALFORMED)."""
    quoted = _QUOTED.fullmatch(value)
    plain = value if quoted is None else _ESCAPED.sub(r"\1", quoted.group(1))
    if not _STRAY_PERCENT.search(plain):
        try:
            return unquote_to_bytes(plain.encode("latin-1")).decode()
        except UnicodeError:
            pass
    raise ConnectorError(Reason.PAYLOAD_MALFORMED, "A header ce-* is not percent-encoded UTF-8.")
