"""Requests made and examined by hand: what `router send` and `router verify` ask of a receiver's connector."""

from typing import NamedTuple


class Sending(NamedTuple):
    """An event that somebody wants to send to an endpoint, as its sender would.

    url: of the endpoint. id and type: of the event, where the scheme has a header for them. sent_at: seconds since the
    epoch.
    """

    url: str
    body: bytes
    id: str
    type: str
    content_type: str
    sent_at: int


class Finding(NamedTuple):
    """A step of an examination. title: what was looked at. detail: what was found there, without any secret.

    ok: None where nothing can be said. fix: what to do about it.
    """

    title: str
    ok: bool | None
    detail: str
    fix: str | None = None
