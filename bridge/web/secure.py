"""
TLS of ``admin.web``: Twisted's around HTTP, by the same contexts as a front's.

Not here: what a context is made of (``net.contexts``), or when its files are read again
(``net.renewal``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from bridge.net.certificates import load_pair
from bridge.net.contexts import TowardsClients, for_clients
from bridge.net.renewal import Kept, Made

if TYPE_CHECKING:
    from twisted.internet.interfaces import IProtocolFactory

    from bridge.config.admin import AdminTls

OWNER = "admin.web"
"""What the log calls whose certificate it is."""


def made_for_web(tls: AdminTls, now: float) -> Made:
    """*now*: seconds since the epoch.  Raises CertificateError."""
    pair = load_pair(tls.certificate, tls.key or tls.certificate, now)
    terms = TowardsClients(tls.minimum)
    return Made(for_clients(pair, terms, tls.certificate), pair)


def kept_for_web(tls: AdminTls, now: Callable[[], float]) -> Kept:
    """A context that follows its files.  Raises CertificateError."""
    files = [tls.certificate, tls.key or tls.certificate]
    return Kept(OWNER, files, lambda: made_for_web(tls, now()))


@implementer(IOpenSSLServerConnectionCreator)
class Connections:
    """Each by the context as it is when a client comes."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def serverConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        return SSL.Connection(self._kept.made.context, None)


def secured(site: Any, kept: Kept) -> IProtocolFactory:
    """*site*, spoken in TLS."""
    factory: IProtocolFactory = TLSMemoryBIOFactory(Connections(kept), False, site)
    return factory
