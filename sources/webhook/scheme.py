"""What every scheme is: how a sender proves who it is, and what its events look like."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Annotated, ClassVar, NamedTuple, Protocol, runtime_checkable

from pydantic import Field

from router.api import ConnectorConfig, ConnectorError, Reason, Reply, Request, Sending
from sources.webhook.attributes import Attributes

HeaderName = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]
Tolerance = Annotated[int, Field(ge=1, le=86_400, description="How far the timestamp may be off, in either direction.")]
Handshake = Callable[[Request], Reply | None]
"""Answers a request that carries no event; None if it is an event's. Total as verifiers are."""


class Verifier(Protocol):
    """Checks that a request comes from who holds a secret."""

    def verify(self, request: Request) -> None:
        """Return, or raise ConnectorError (AUTH_FAILED, INPUT_INVALID), whatever the bytes."""
        ...


@runtime_checkable
class RefreshedVerifier(Verifier, Protocol):
    """A verifier whose keys come from outside. The two are as `router.api.RefreshedReceiver` has them."""

    def refresh_due(self, now: float) -> bool:
        """Whether to refresh. now: seconds since the epoch."""
        ...

    async def refresh(self) -> None:
        """Fetch the keys. Raises ConnectorError."""
        ...


@runtime_checkable
class CleaningVerifier(Verifier, Protocol):
    """A verifier whose senders put a secret into the body, which no record may carry."""

    def clean(self, request: Request) -> Request:
        """The verified request without it."""
        ...


class Handshakes(NamedTuple):
    """How a sender makes sure of an endpoint before it sends events.

    unsigned: asked before the request is verified, and for every method; it must check by itself what it answers.
    signed: asked for verified requests.
    """

    unsigned: Handshake | None = None
    signed: Handshake | None = None


class Scheme(ConnectorConfig, ABC):
    """The settings of a scheme. attributes: where its senders write what an event is."""

    attributes: ClassVar[Attributes] = Attributes()

    @abstractmethod
    def verifier(self) -> Verifier:
        """Raises ConnectorError (SECRET_NOT_FOUND, SECRET_UNUSABLE), so that a bad secret is found at the start."""

    @abstractmethod
    def proofs(self) -> frozenset[str]:
        """The headers with signatures and credentials, which no record may carry."""

    def handshakes(self) -> Handshakes:
        """None, unless the scheme has some."""
        return Handshakes()

    def hosts(self) -> tuple[str, ...]:
        """The `host:port` addresses that keys are fetched from."""
        return ()

    def sign(self, sending: Sending) -> tuple[tuple[str, str], ...]:
        """The headers with which the sender would send the event, signed with the first secret.

        Raises ConnectorError: USAGE where only the sender can sign.
        """
        message = f"An event cannot be signed here: with this scheme only the sender can ({sending.url})."
        raise ConnectorError(Reason.USAGE, message)
