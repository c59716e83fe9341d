"""What an author tells the suite about a connector's other side, whatever kind of connector it is."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol, Self

from pydantic import ValidationError

from router.api import ConnectorConfig, Egress
from router.testing.conformance.claim import broken

NAME = "suite.connector"
"""The name that connectors are opened with."""


class Declared(Protocol):
    """What all declarations have."""

    @property
    def name(self) -> str:
        """The connector's name."""
        ...

    @property
    def version(self) -> str:
        """The connector's version."""
        ...

    @property
    def summary(self) -> str:
        """What it does, in a sentence."""
        ...

    @property
    def config(self) -> type[ConnectorConfig]:
        """The model of its settings."""
        ...

    @property
    def hosts(self) -> Callable[[Any], tuple[str, ...]]:
        """The addresses that its settings make it talk to."""
        ...


class Place(ABC):
    """A fresh place for one test. It is entered before anything of it is asked.

    secrets: the value of each secret reference in `config`, such as `{"${env:TOKEN}": "a value"}`.
    """

    secrets: Mapping[str, str] = MappingProxyType({})

    @property
    @abstractmethod
    def config(self) -> Mapping[str, Any]:
        """The connector's settings for this place, as they would stand under `config:` in a pipeline."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:  # noqa: B027  most places are a directory that pytest clears
        """Clear away what the test has made."""


def validated(connector: Declared, place: Place, changes: Mapping[str, Any] | None = None) -> ConnectorConfig:
    """The place's settings, or other ones, as the runtime validates them. Breaks the claim if they are refused."""
    settings = dict(place.config) if changes is None else dict(changes)
    resolve: Callable[[str], str] = place.secrets.__getitem__
    try:
        config = connector.config.model_validate(settings, context={"resolve": resolve})
        # As a pipeline does whose scopes have the hosts: places are on this machine, as a rule.
        egress = Egress(hosts=frozenset(connector.hosts(config)))
        return connector.config.model_validate(settings, context={"resolve": resolve, "egress": egress})
    except ValidationError as error:
        broken(f"its own configuration model refuses the test's settings: {error}")


def hides(place: Place, text: str) -> bool:
    """Whether no secret's value stands in the text."""
    return not any(value and value in text for value in place.secrets.values())
