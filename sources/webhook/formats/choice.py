"""The format that an endpoint's configuration asks for."""

from collections.abc import Sequence
from typing import Protocol

from router.api import Items, Record, Request
from sources.webhook.attributes import Places
from sources.webhook.config import WebhookConfig
from sources.webhook.formats import FormatName
from sources.webhook.formats.cloudevents import CloudEventsFormat
from sources.webhook.formats.cut import elements
from sources.webhook.formats.lists import ListFormat, item_places, lines
from sources.webhook.formats.webhook import WebhookFormat


class Format(Protocol):
    """From a verified request to what it contains."""

    def records(self, request: Request) -> Sequence[Record] | Items:
        """Pure, and total. Raises ConnectorError (INPUT_INVALID)."""
        ...


def make_format(config: WebhookConfig, withheld: frozenset[str]) -> Format:
    """withheld: the headers that no record may carry."""
    if config.format is FormatName.CLOUDEVENTS:
        return CloudEventsFormat(withheld, config.batch)
    needs_json = config.event.needs_json
    if config.format is FormatName.WEBHOOK:
        return WebhookFormat(Places(config.verify.attributes, config.event), withheld, needs_json=needs_json)
    whole, own = item_places(config.verify.attributes, config.event)
    cut = lines if config.format is FormatName.NDJSON else elements
    return ListFormat(cut, whole, WebhookFormat(own, withheld, needs_json=needs_json), config.batch)
