"""Claims about what every connector declares: its name, its settings, its secrets."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ValidationError

from router.api import Secret
from router.testing.conformance.claim import claim, hold
from router.testing.conformance.place import Declared, Place, hides, validated

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*([a-z0-9.+-]*)")
_UNKNOWN = "no_such_setting"


class DeclarationClaims:
    """The claims of all kinds of connectors. connector: set by the author's class."""

    connector: ClassVar[Declared]

    @claim
    async def test_declares_itself(self) -> None:
        """It has a name, a version and a summary."""
        connector = self.connector
        hold(_NAME.fullmatch(connector.name), f"its name {connector.name!r} is not of lower-case letters, digits and _")
        hold(_VERSION.fullmatch(connector.version), f"its version {connector.version!r} is none, such as 1.0")
        hold(connector.summary.strip() and "\n" not in connector.summary, "its summary is not one line of text")

    @claim
    async def test_configuration_is_frozen(self, place: Place) -> None:
        """Its configuration cannot be changed once it is read."""
        async with place:
            for path, model in _models(validated(self.connector, place)):
                hold(model.model_config.get("frozen"), f"{path or 'its configuration'} is not frozen")

    @claim
    async def test_unknown_settings_are_refused(self, place: Place) -> None:
        """It refuses settings that it does not know, at every depth."""
        async with place:
            for path, model in _models(validated(self.connector, place)):
                hold(model.model_config.get("extra") == "forbid", f"{path or 'its configuration'} takes any setting")
            settings = {**place.config, _UNKNOWN: 1}
            hold(_refusal(self.connector, settings), f"the setting {_UNKNOWN} is taken without a word")

    @claim
    async def test_configuration_hides_its_secrets(self, place: Place) -> None:
        """No secret's value is in what its configuration prints or serializes."""
        async with place:
            config = validated(self.connector, place)
            shown = f"{config!r} {config!s} {config.model_dump()!r} {config.model_dump_json()}"
            hold(hides(place, shown), "a secret's value can be read in the configuration as it is printed")

    @claim
    async def test_written_out_secrets_are_refused(self, place: Place) -> None:
        """A secret that is written out instead of referred to is refused, and not repeated."""
        async with place:
            for reference, value in place.secrets.items():
                refusal = _refusal(self.connector, _replaced(dict(place.config), reference, value))
                hold(refusal, f"{reference} may be written out: give the setting the type Secret")
                hold(value not in refusal, f"the refusal repeats the secret that stands for {reference}")


def _refusal(connector: Declared, settings: Mapping[str, Any]) -> str:
    """What validation says against the settings; empty if it takes them."""
    try:
        connector.config.model_validate(settings)
    except ValidationError as error:
        return str(error)
    return ""


def _models(value: Any, path: str = "") -> Iterator[tuple[str, BaseModel]]:
    """The model and those in it, each with its path."""
    if isinstance(value, BaseModel):
        yield path, value
        parts = [(name, getattr(value, name)) for name in type(value).model_fields]
    elif isinstance(value, Mapping):
        parts = list(value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        parts = [(str(index), item) for index, item in enumerate(value)]
    else:
        return
    for name, part in parts:
        yield from _models(part, f"{path}.{name}".lstrip("."))


def _replaced(value: Any, reference: str, text: str) -> Any:
    """The settings with the text wherever the reference stands."""
    if isinstance(value, Secret):
        value = value.reference
    if isinstance(value, Mapping):
        return {name: _replaced(part, reference, text) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(part, reference, text) for part in value]
    return text if value == reference else value
