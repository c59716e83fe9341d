"""Our own token: got, renewed, replaced before it ends, and given back."""

import math
from collections.abc import Callable
from contextlib import suppress

from router.api import ConnectorError, Reason
from router.security.client import Client, section
from router.security.lease import Term
from router.security.methods import Method


class Login:
    """Keeps the client logged in. Blocking, for one thread at a time.

    number: of the present token, counted from 1; dynamic secrets end with the token that they were read with.
    clock: monotonic seconds.
    """

    def __init__(self, method: Method, client: Client, clock: Callable[[], float]) -> None:
        self._method = method
        self._client = client
        self._clock = clock
        self._terms: dict[int, Term] = {}
        self._keys: tuple[str, ...] = ()
        self._is_valid = False
        self._superseded: dict[str, float] = {}
        self.number = 0

    def ends_at(self, number: int) -> float:
        """When the token of this number ends, or should have ended (monotonic seconds)."""
        return self._terms[number].ends_at

    @property
    def due_at(self) -> float:
        """When we can renew or replace the token, and should (monotonic seconds)."""
        if not self._is_valid:
            return -math.inf
        term = self._terms[self.number]
        return term.due_at if term.is_renewable or self._method.owns_token else math.inf

    def keep(self) -> None:
        """Log in if Vault does not know our token, or another was given to us; renew or replace it when it is time.

        Raises ConnectorError: SECRET_UNAVAILABLE, CREDENTIAL_REFUSED; SECRET_NOT_FOUND, SECRET_UNUSABLE for what we
        log in with.
        """
        if not self._is_valid or self._was_given_another() or not self._is_known():
            self._log_in()
        elif self._clock() >= self.due_at:
            self._prolong()

    def recover(self) -> bool:
        """After a refusal: whether there is a new token now, because Vault did not know the old one any more.

        Raises ConnectorError, as `keep`.
        """
        if self._is_known():
            return False
        self._log_in()
        return True

    def end(self) -> None:
        """Give our own tokens back, and with them their leases. A token that was given to us stays."""
        if not self._method.owns_token:
            return
        tokens = [*self._superseded, *([self._client.token] if self._is_valid else [])]
        self._is_valid = False
        for token in tokens:
            self._client.token = token
            # One that has ended already, or that Vault cannot take back now, ends by itself.
            with suppress(ConnectorError):
                self._client.post("auth/token/revoke-self")

    @property
    def owns_token(self) -> bool:
        """Whether `end` gives all leases back."""
        return self._method.owns_token

    def _is_known(self) -> bool:
        try:
            self._client.get("auth/token/lookup-self")
        except ConnectorError as error:
            if error.reason is not Reason.PERMISSION_DENIED:
                raise
            return False
        return True

    def _was_given_another(self) -> bool:
        return not self._method.owns_token and self._method.keys() != self._keys

    def _prolong(self) -> None:
        """Renew the token; replace our own where that does not help, while it is still good for its leases."""
        try:
            self._renew(self._terms[self.number])
        except ConnectorError:
            if not self._method.owns_token:
                raise
        else:
            if self._terms[self.number].is_renewable or not self._method.owns_token:
                return
        # Not given back yet: its leases are still in use.
        now = self._clock()
        self._superseded = {token: end for token, end in self._superseded.items() if end > now}
        self._superseded[self._client.token] = self.ends_at(self.number)
        self._log_in()

    def _renew(self, term: Term) -> None:
        if term.is_renewable:
            asked_at = self._clock()
            auth = section(self._client.post("auth/token/renew-self"), "auth")
            renewed = term.renewed(asked_at, auth["lease_duration"], renewable=auth["renewable"])
            self._terms[self.number] = renewed

    def _log_in(self) -> None:
        self._is_valid = False
        keys = self._method.keys()
        asked_at = self._clock()
        try:
            grant = self._method.log_in(self._client, keys)
        except ConnectorError as error:
            if error.reason is Reason.SECRET_UNAVAILABLE:
                raise
            message = "Vault does not accept what we log in with."
            fix = "Put a valid token or secret id where `vault.auth` points to; it is read again."
            raise ConnectorError(Reason.CREDENTIAL_REFUSED, message, fix=fix) from None
        self._client.token = grant.token
        self._keys = keys
        self.number += 1
        self._terms[self.number] = Term.of(asked_at, grant.seconds, renewable=grant.renewable)
        self._is_valid = True
