"""Slack's signatures: HMAC-SHA256 of a timestamp and the body.

https://docs.slack.dev/authentication/verifying-requests-from-slack/
Events are JSON; slash commands are forms, and what people click is JSON in a form's field `payload`.
"""

from typing import ClassVar, Literal

from router.api import ConnectorError, Reply, Request, Sending
from sources.webhook.attributes import Attributes, body, form
from sources.webhook.form import form_of
from sources.webhook.scheme import Handshakes, Scheme, Tolerance, Verifier
from sources.webhook.schemes.generic_hmac import GenericHmac
from sources.webhook.secrets import Keys, Secrets, text_key
from sources.webhook.selection import parse
from sources.webhook.sending import Headers
from sources.webhook.template import Template

SIGNATURE, TIMESTAMP = "x-slack-signature", "x-slack-request-timestamp"
_MIN_SECRET_CHARACTERS = 4
_VERIFICATION = b"url_verification"


class SlackScheme(Scheme):
    """Slack (`X-Slack-Signature`)."""

    scheme: Literal["slack"]
    secrets: Secrets
    tolerance_seconds: Tolerance = 300

    # A repetition has another `x-slack-retry-num`, and the same event id. The id of a trigger is for one use only.
    attributes: ClassVar = Attributes(
        id=body("event_id", "trigger_id") + form("trigger_id"),
        type=body("event.type", "type") + form("command"),
        subject=body("event.channel", "channel.id", "team_id", "team.id") + form("channel_id"),
        time=body("event_time"),
    )

    def verifier(self) -> Verifier:
        """An instance of the generic one."""
        return self._hmac()

    def handshakes(self) -> Handshakes:
        """The verification of the URL, which is signed."""
        return Handshakes(signed=_handshake)

    def sign(self, sending: Sending) -> Headers:
        """As Slack sends; the id and the type stand in the body."""
        return self._hmac().sign(sending, ((TIMESTAMP, str(sending.sent_at)),))

    def proofs(self) -> frozenset[str]:
        """The signature."""
        return frozenset({SIGNATURE})

    def _hmac(self) -> GenericHmac:
        signed = Template("v0:{timestamp}:{body}", timestamp_header=TIMESTAMP, tolerance_seconds=self.tolerance_seconds)
        keys = Keys(self.secrets, text_key(_MIN_SECRET_CHARACTERS))
        return GenericHmac(keys, header=SIGNATURE, algorithm="sha256", encoding="hex", prefix="v0=", signed=signed)


def _handshake(request: Request) -> Reply | None:
    """Echo the challenge: https://docs.slack.dev/reference/events/url_verification.

    For slash commands Slack now and then makes sure of the certificate, and wants nothing but a 200.
    """
    if _VERIFICATION not in request.body:
        return Reply() if (b"ssl_check", b"1") in form_of(request) else None
    try:
        document = parse(request.body)
    except ConnectorError:
        return None
    if not isinstance(document, dict) or document.get("type") != _VERIFICATION.decode():
        return None
    challenge = document.get("challenge")
    if not isinstance(challenge, str):
        return None
    return Reply(body=challenge.encode(), headers=(("content-type", "text/plain; charset=utf-8"),))
