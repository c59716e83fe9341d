"""Bodies that are HTML forms, and the JSON that some senders put into one of their fields.

https://url.spec.whatwg.org/#application/x-www-form-urlencoded
"""

from urllib.parse import unquote_to_bytes

from router.api import Request

FORM_TYPE = "application/x-www-form-urlencoded"
_JSON_FIELD = b"payload"
"""Where GitHub (for endpoints that ask for forms) and Slack (for what people click) put a JSON document."""

Fields = list[tuple[bytes, bytes]]


def is_form(content_type: str) -> bool:
    """Whether this is the type of a form, whatever its parameters."""
    return content_type.partition(";")[0].strip().lower() == FORM_TYPE


def fields(text: bytes) -> Fields:
    """The fields of a form, or of a query, in their order; total on any bytes."""
    return [
        (_unquote(name), _unquote(value)) for name, _, value in (one.partition(b"=") for one in text.split(b"&") if one)
    ]


def form_of(request: Request) -> Fields:
    """The fields of a request's form; none if it is not one."""
    return fields(request.body) if is_form("".join(request.values("content-type")[:1])) else []


def texts(found: Fields) -> dict[str, list[str]]:
    """The values of each field. What is no UTF-8 becomes surrogates, which no attribute of an event may have."""
    by_name: dict[str, list[str]] = {}
    for name, value in found:
        by_name.setdefault(name.decode("utf-8", "surrogateescape"), []).append(value.decode("utf-8", "surrogateescape"))
    return by_name


def json_text(request: Request) -> bytes:
    """The body, or the only `payload` of a form."""
    if request.body[:1] in (b"{", b"["):
        return request.body
    payloads = [value for name, value in form_of(request) if name == _JSON_FIELD]
    return payloads[0] if len(payloads) == 1 else request.body


def _unquote(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))
