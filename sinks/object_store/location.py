"""Where the objects are: the url of the configuration, taken apart."""

import re
from typing import Annotated, Literal, NamedTuple, cast
from urllib.parse import urlsplit

from pydantic import AfterValidator

Scheme = Literal["s3", "gs", "az", "file"]

_SEGMENT = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._=@+~-]{1,100}"
_PATH = rf"{_SEGMENT}(?:/{_SEGMENT})*/?"
_BUCKET = re.compile(rf"(?P<scheme>s3|gs|az)://(?P<bucket>[A-Za-z0-9][A-Za-z0-9._-]{{1,221}})(?:/(?P<path>{_PATH})?)?")
_FILE = re.compile(rf"file:///(?P<path>{_PATH})")
_ENDPOINT = re.compile(r"https?://([A-Za-z0-9][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?")
# With the longest names below it, a key has at most 1,024 bytes, as S3 demands.
_MAX_PREFIX = 150
_HIGHEST_PORT = 65_535


class Location(NamedTuple):
    """bucket: or container; empty for a directory. path: the prefix without slashes at its ends, or the directory."""

    scheme: Scheme
    bucket: str
    path: str


def location(url: str) -> Location:
    """The parts of a valid url. Raises ValueError."""
    if found := _FILE.fullmatch(url):
        return Location("file", "", "/" + found["path"].rstrip("/"))
    found = _BUCKET.fullmatch(url)
    path = (found["path"] or "").rstrip("/") if found else ""
    if found is None or len(path) > _MAX_PREFIX:
        message = (
            "must be s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///directory; "
            f"of letters, digits and . _ = @ + ~ -, the prefix of at most {_MAX_PREFIX} characters"
        )
        raise ValueError(message)
    return Location(cast(Scheme, found["scheme"]), found["bucket"], path)


def _url(url: str) -> str:
    location(url)
    return url


def _endpoint(url: str) -> str:
    valid = _ENDPOINT.fullmatch(url)
    if valid is None or not 0 < int((valid[2] or ":1")[1:]) <= _HIGHEST_PORT:
        message = "must be http://host:port or https://host:port, without a path"
        raise ValueError(message)
    return url.rstrip("/")


Url = Annotated[str, AfterValidator(_url)]
"""The url of a bucket and prefix, or of a directory."""

Endpoint = Annotated[str, AfterValidator(_endpoint)]
"""The http or https address of a server."""


def host_and_port(endpoint: str) -> str:
    """The `host:port` that the endpoint leads to."""
    parts = urlsplit(endpoint)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
