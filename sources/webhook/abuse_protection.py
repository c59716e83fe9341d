"""The handshake by which senders of CloudEvents ask whether they may send.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#4-abuse-protection
The answer is given at once: the address in `WebHook-Request-Callback` is never called, as anybody can name any.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from router.api import Reply, Request

ORIGIN, RATE = "webhook-request-origin", "webhook-request-rate"
_MAX_RATE_DIGITS = 9
_ANY_RATE = "*"

Origin = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9.:_-]{0,252}[A-Za-z0-9])?$")]


class AbuseProtection(BaseModel):
    """Who may ask, with OPTIONS, whether it may send, and how much."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    origins: tuple[Origin, ...] = Field(
        min_length=1, max_length=100, description="What `WebHook-Request-Origin` may be, such as `eventgrid.azure.net`."
    )
    rate: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="How many requests a minute are allowed; as many as asked for if left out.",
    )

    def answer(self, request: Request) -> Reply | None:
        """The permission for one of the origins; None for everybody else, as if there were no endpoint."""
        origins, rates = request.values(ORIGIN), request.values(RATE)
        if request.method != "OPTIONS" or len(origins) != 1 or origins[0] not in self.origins or len(rates) > 1:
            return None
        if rates and not _is_rate(rates[0]):
            return None
        allowed = str(self.rate or _ANY_RATE)
        headers = (("Allow", "POST"), ("WebHook-Allowed-Origin", origins[0]), ("WebHook-Allowed-Rate", allowed))
        return Reply(headers=headers)


def _is_rate(text: str) -> bool:
    digits = text.isascii() and text.isdigit() and len(text) <= _MAX_RATE_DIGITS
    return text == _ANY_RATE or (digits and int(text) > 0)
