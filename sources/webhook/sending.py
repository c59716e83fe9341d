"""The request that an event would be sent with, as far as senders sign it."""

from urllib.parse import urlsplit

from router.api import Peer, Request, Sending

Headers = tuple[tuple[str, str], ...]


def request_of(sending: Sending, headers: Headers = ()) -> Request:
    """The request that carries the event with these headers."""
    url = urlsplit(sending.url)
    return Request(
        "POST",
        url.path,
        (("host", url.netloc), ("content-type", sending.content_type), *headers),
        sending.body,
        sending.sent_at,
        query=url.query,
        peer=Peer("", url.scheme),
    )
