"""From a signed request to records."""

from collections.abc import Sequence

from router.api import ConnectorError, Items, Reason, Record, Reply, Request
from sources.webhook.addresses import AddressList
from sources.webhook.config import WebhookConfig
from sources.webhook.formats.choice import make_format
from sources.webhook.formats.content_type import check_allowed, content_type
from sources.webhook.scheme import CleaningVerifier, RefreshedVerifier
from sources.webhook.selection import CREDENTIALS


class WebhookReceiver:
    """One endpoint. What is carried is byte-exact; JSON is only looked into for the attributes."""

    def __init__(self, config: WebhookConfig) -> None:
        """Raises ConnectorError (SECRET_NOT_FOUND, SECRET_UNUSABLE)."""
        self._addresses = AddressList(config.addresses)
        self._abuse_protection = config.abuse_protection
        self._verifier = config.verify.verifier()
        self._refreshed = self._verifier if isinstance(self._verifier, RefreshedVerifier) else None
        self._cleaning = self._verifier if isinstance(self._verifier, CleaningVerifier) else None
        self._handshakes = config.verify.handshakes()
        self._content_types = config.content_types
        self._format = make_format(config, CREDENTIALS | config.verify.proofs())

    def receive(self, request: Request) -> Sequence[Record] | Items | Reply:
        """The events of a request. Raises ConnectorError, whatever the bytes."""
        self._addresses.check(request)
        if self._abuse_protection is not None and (reply := self._abuse_protection.answer(request)) is not None:
            return reply
        unsigned, signed = self._handshakes
        if unsigned is not None and (reply := unsigned(request)) is not None:
            return reply
        if request.method != "POST":
            raise ConnectorError(Reason.METHOD_NOT_ALLOWED, "Send a POST request.")
        self._verifier.verify(request)
        if signed is not None and (reply := signed(request)) is not None:
            return reply
        if self._content_types:
            check_allowed(content_type(request), self._content_types)
        return self._format.records(request if self._cleaning is None else self._cleaning.clean(request))

    def refresh_due(self, now: float) -> bool:
        """Whether keys have to be fetched. now: seconds since the epoch."""
        return self._refreshed is not None and self._refreshed.refresh_due(now)

    async def refresh(self) -> None:
        """Fetch the keys. Raises ConnectorError if they cannot be had."""
        if self._refreshed is not None:
            await self._refreshed.refresh()
