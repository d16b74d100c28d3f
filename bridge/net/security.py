"""
How the TLS connections of one side are made, and what comes of their handshakes.

Here: ``Security``, which a stream of TLS is given.  Not here: certificates, names and
rules, which are in its context already.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from OpenSSL import SSL

from bridge.net.mould import Mould

if TYPE_CHECKING:
    from collections.abc import Callable


class TLSError(Exception):
    """A handshake failed.  The message is one line that says why."""


@dataclass
class Security:
    """
    How all TLS connections of one front, or to one server, are made.

    *context* may be replaced at any time: connections there are keep theirs.
    """

    context: SSL.Context
    accepts: bool
    """Whether the other ends begin the handshakes: they are the clients."""
    name: str = ""
    """The server name to ask for (RFC 6066); empty: none.  Only for clients."""
    check: Callable[[SSL.Connection], str] | None = None
    """
    Asked when a handshake is through: why the other end is not to be trusted after
    all, in one line; empty when it is.
    """
    fin_ends: bool = False
    """
    Whether a FIN without close_notify is an end like any other.  Anybody on the path
    can forge one.
    """
    resumes: bool = False
    """Whether the last session is offered again.  Only for clients."""
    session: SSL.Session | None = None
    _mould: Mould | None = field(default=None, init=False, repr=False, compare=False)

    def connection(self) -> SSL.Connection:
        """A new one, over memory."""
        mould = self._mould
        if mould is None or mould.context is not self.context:
            mould = self._mould = Mould(self.context, self.accepts)
        made = mould.connection()
        if self.accepts:
            return made
        if self.name:
            made.set_tlsext_host_name(self.name.encode("ascii"))
        if self.session is not None:
            made.set_session(self.session)
        return made

    def replace(self, context: SSL.Context) -> None:
        """From now on connections are made of *context*."""
        self.context, self.session = context, None

    def left(self, connection: SSL.Connection) -> None:
        """*connection* is over; by now it has the server's tickets."""
        if self.resumes and connection.get_context() is self.context:
            self.session = connection.get_session()
