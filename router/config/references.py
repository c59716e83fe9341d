"""References in a configuration: where secrets are used, and where a reference must not stand."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from router.api import Reason, Secret
from router.api.secret import REFERENCE
from router.config.faults import KeyPath, dotted
from router.config.fields import types_at
from router.config.files import Configuration


class SecretUse(NamedTuple):
    """A setting that is a secret, and what it refers to."""

    path: str
    reference: str
    file: Path
    line: int | None

    @property
    def is_in_vault(self) -> bool:
        """Whether the secret is in Vault, so that looking for it is not done offline."""
        return self.reference.startswith("${vault:")


def secret_uses(
    configuration: Configuration, model: type[BaseModel], texts: Iterable[tuple[KeyPath, str]], root: KeyPath
) -> Iterator[tuple[KeyPath, SecretUse]]:
    """The secrets among the strings below `root`; a reference where no secret belongs is noted as a fault."""
    for below, text in texts:
        path, kinds = (*root, *below), tuple(types_at(model, below))
        if Secret in kinds:
            if REFERENCE.fullmatch(text):
                yield path, SecretUse(dotted(path), text, *configuration.place(path))
        elif kinds and "${" in text:
            configuration.refuse(
                Reason.CONFIG_INVALID,
                path,
                "A reference stands where no secret belongs: its value would be logged and shown.",
                "Write the value itself; references are for settings that are secrets.",
                settles=True,
            )


def refuse_vault(configuration: Configuration, uses: Iterable[tuple[KeyPath, SecretUse]]) -> None:
    """Note references to Vault as faults: the configuration does not say where Vault is."""
    for path, use in uses:
        if use.is_in_vault:
            message = "The secret is in Vault, and nothing says where Vault is."
            configuration.refuse(
                Reason.CONFIG_INVALID, path, message, "Add a `vault` section with `address` and `auth`."
            )


def strings(raw: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Every string in the value, with its path."""
    if isinstance(raw, str):
        yield path, raw
    elif isinstance(raw, dict):
        for key, value in raw.items():
            yield from strings(value, (*path, key))
    elif isinstance(raw, list):
        for index, value in enumerate(raw):
            yield from strings(value, (*path, index))
