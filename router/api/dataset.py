"""What a connector reads from or writes to outside Kafka, by the names that OpenLineage gives to data."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Dataset:
    """A table, file, collection or endpoint. Both names are shown to people, and so free of credentials.

    namespace: the system that holds it, such as `postgres://db:5432`. name: unique there, such as `shop.public.orders`.
    """

    namespace: str
    name: str


def http_dataset(url: str) -> Dataset:
    """The dataset behind an http address: without user, query and fragment, where secrets may be."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return Dataset(f"{parts.scheme}://{host}:{port}", parts.path or "/")


def no_datasets(_config: object) -> tuple[Dataset, ...]:
    """The declaration of a connector that names none."""
    return ()
