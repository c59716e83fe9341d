"""Who is at the other end of a connection, and who has sent a request through proxies."""

import asyncio
import hashlib
import ipaddress
from collections.abc import Callable, Sequence
from functools import lru_cache

from cryptography import x509

from router.api import UNKNOWN_PEER, Certificate, Peer
from router.config.front import ForwardedHeaders, Network
from router.ingress.forwarded import Hop, forwarded, plain, x_forwarded

Values = Callable[[str], Sequence[str]]
"""The values of a header, by its name in lower case."""

_MAX_KNOWN = 4_096


class Proxies:
    """The proxies that are believed, and what they write."""

    def __init__(self, trusted: Sequence[Network], headers: ForwardedHeaders | None) -> None:
        self._networks = tuple(trusted)
        self._headers = headers
        self.trusts = lru_cache(_MAX_KNOWN)(self._trusts)

    def _trusts(self, address: str) -> bool:
        """Whether the address is a proxy's; no network has an unknown one."""
        try:
            known = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(known in network for network in self._networks)

    def sender(self, peer: Peer, values: Values) -> Peer:
        """Who has sent the request: the last address before the proxies that are trusted.

        What stands further to the left was written by whoever it was, and counts for nothing.
        """
        if self._headers is None or not self.trusts(peer.address):
            return peer
        for hop in reversed(self._hops(values)):
            if hop.address is None:
                break
            scheme, authority = hop.scheme or peer.scheme, hop.authority or peer.authority
            # The certificate is that of the proxy.
            peer = Peer(hop.address, scheme, authority)
            if not self.trusts(hop.address):
                break
        return peer

    def _hops(self, values: Values) -> list[Hop]:
        if self._headers is ForwardedHeaders.FORWARDED:
            return forwarded(values("forwarded"))
        return x_forwarded(values("x-forwarded-for"), values("x-forwarded-proto"), values("x-forwarded-host"))


def connected(transport: asyncio.BaseTransport) -> Peer:
    """Who is at the other end, as the connection itself tells."""
    name = transport.get_extra_info("peername")
    if not name:
        return UNKNOWN_PEER
    tls = transport.get_extra_info("ssl_object")
    if tls is None:
        return Peer(plain(name[0]))
    der = tls.getpeercert(binary_form=True)
    return Peer(plain(name[0]), "https", None, None if der is None else certificate(der))


@lru_cache(_MAX_KNOWN)
def certificate(der: bytes) -> Certificate | None:
    """The certificate, which the handshake has verified; None if its names cannot be read."""
    try:
        parsed = x509.load_der_x509_certificate(der)
        names = _names(parsed)
        subject = parsed.subject.rfc4514_string()
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return None
    return Certificate(subject, names, hashlib.sha256(der).hexdigest())


def _names(parsed: x509.Certificate) -> tuple[str, ...]:
    try:
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    kinds: dict[type[x509.GeneralName], str] = {
        x509.DNSName: "DNS",
        x509.UniformResourceIdentifier: "URI",
        x509.RFC822Name: "email",
        x509.IPAddress: "IP",
    }
    return tuple([f"{kinds[type(name)]}:{name.value}" for name in names if type(name) in kinds])
