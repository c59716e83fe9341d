"""Nothing but the list of the sender's addresses: https://datatracker.ietf.org/doc/html/rfc4632.

For senders that sign nothing. Whoever can send from one of the addresses can send anything.
"""

from typing import Literal

from router.api import Request
from sources.webhook.scheme import Scheme, Verifier


class AddressesScheme(Scheme):
    """The endpoint's `addresses`, which must not be empty, and nothing more."""

    scheme: Literal["addresses"]

    def verifier(self) -> Verifier:
        """One that has nothing left to do, since the list comes first with every scheme."""
        return AddressesVerifier()

    def proofs(self) -> frozenset[str]:
        """None."""
        return frozenset()


class AddressesVerifier:
    """Leaves it to the list."""

    def verify(self, request: Request) -> None:
        """Return."""
