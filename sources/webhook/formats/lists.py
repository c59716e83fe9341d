"""The formats `ndjson` and `json_array`: each line, or element, is an event.

https://github.com/ndjson/ndjson-spec
"""

from collections.abc import Callable, Sequence

from router.api import Items, Record, Request
from sources.webhook.attributes import Attributes, EventAttributes, Places
from sources.webhook.formats.batch import BatchSettings, gather
from sources.webhook.formats.content_type import check_utf8, content_type
from sources.webhook.formats.cut import check
from sources.webhook.formats.webhook import WebhookFormat
from sources.webhook.selection import Selector

_BLANK = b" \t\r"


class ListFormat:
    """cut: from a body to its items. whole: the places of the id of a whole request. one: of each item."""

    def __init__(
        self, cut: Callable[[bytes], Sequence[bytes]], whole: Places, one: WebhookFormat, batch: BatchSettings
    ) -> None:
        self._cut = cut
        self._whole = whole
        self._one = one
        self._batch = batch

    def records(self, request: Request) -> Sequence[Record] | Items:
        """The outcome of each item. Raises ConnectorError (INPUT_INVALID)."""
        check_utf8(content_type(request))
        whole = self._whole.texts(request, None).id

        def record(index: int, text: bytes) -> Record:
            check(text)
            item = _item(request, text)
            return self._one.record(item, None if whole is None else f"{whole}.{index}")

        return gather(self._cut(request.body), record, self._batch)


def item_places(attributes: Attributes, chosen: EventAttributes) -> tuple[Places, Places]:
    """Those of the id of a whole request, and those of each item: one id must not name all items of a request."""
    ids = attributes.id if chosen.id is None else ()
    outer = tuple([selector for selector in ids if not _of_item(selector)])
    own = attributes._replace(
        id=tuple([selector for selector in attributes.id if _of_item(selector)]),
        idempotency_key=tuple([selector for selector in attributes.idempotency_key if selector.in_body]),
    )
    return Places(Attributes(id=outer), EventAttributes()), Places(own, chosen)


def _of_item(selector: Selector) -> bool:
    """Whether it looks into the item, and not at what all items have in common."""
    return selector.in_body or (selector.expression or "").startswith("body.")


def lines(body: bytes) -> list[bytes]:
    """The lines without their ends; blank ones are not counted."""
    return [line.removesuffix(b"\r") for line in body.split(b"\n") if line.strip(_BLANK)]


def _item(request: Request, text: bytes) -> Request:
    return Request(
        request.method, request.path, request.headers, text, request.received_at, request.query, request.peer
    )
