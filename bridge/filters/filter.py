"""
What a filter is.

Rules for whoever writes one, and for the driver (``session.filtering``):

* One object a session.  ``up`` is shown what the client sends, ``down`` what the server
  sends; each is shown its bytes in order, from the first one that it has not answered
  for.
* Answers are carried out in order, each for the bytes behind those before; what stands
  behind a ``Pass`` when all its bytes have gone.  If some that were shown are left and
  the last answer is neither Want nor Wait, the rest is shown at once.  If all are
  answered for, the next ones are shown as they come.
* Want, Wait, PassRest, Refuse, Close and Secure come last.  What was shown has to be
  answered for or asked more of: no answer at all is an error.
* ``Wait`` is over when the other direction was shown something, has answered more than
  Want or Wait, and that is carried out; or when a server was dialed.  If that happens
  before what stands before the Wait is through, it does not begin.
* ``ended``: the side has sent its FIN, and nothing comes after *data*.  It is shown
  once even if there is nothing left (``b""``).  Without an answer the end is passed on,
  and so it is when all is answered for.  ``Want`` to the client's end is a bad header.
  The server's end that is answered with ``Dial`` or ``Want`` is not passed on: that
  connection is given up when the answers are carried out.
* What is for a side that has been told the end is lost.
* Of several filters of a session ``up`` goes through the first one first, ``down``
  through the last one.  A ``Reply`` goes through those that its bytes have come
  through.  All are told that a server was ``dialed`` (the last one first), that the
  client is ``secured``, to ``drain``; of a ``lost`` server until one answers.
* A filter never blocks, keeps no bytes (what it has not answered for is shown again)
  and asks for no more than it bounds.
* An exception ends the session as ``error``, with its traceback in the log.
"""

from __future__ import annotations

from typing import ClassVar

from bridge.filters.about import About
from bridge.filters.answers import Answers, PassRest, Refuse

_REST = (PassRest(),)


class Filter:
    """One that passes everything on: the base of all others."""

    reads_first: ClassVar[bool] = False
    """
    No server is dialed before it says so with ``Dial``: until then only ``up`` is
    asked.
    """
    secures_later: ClassVar[bool] = False
    """The front's ``tls`` begins where it answers ``Secure``, and not at once."""

    server: tuple[str, int] = ("", 0)
    """Whom ``down`` comes from, by address and port: from ``dialed`` on."""

    def __init__(self, about: About) -> None:
        """*about* the session; keywords are those of ``with`` in the configuration."""
        self.about = about

    def up(self, data: bytes, ended: bool) -> Answers:
        """What becomes of *data*, which the client sent."""
        return _REST

    def down(self, data: bytes, ended: bool) -> Answers:
        """What becomes of *data*, which the server sent."""
        return _REST

    def dialed(self) -> Answers:
        """The server is there.  Answers as from ``down``, with nothing shown."""
        return ()

    def met(self, where: tuple[str, int] | None, reason: str) -> Answers:
        """
        What was to be met (``Meet``) is listened for at *where*, an address and port of
        ours; None: nowhere, for *reason*.

        The answers stand in the place of the ``Meet``, for the bytes that were shown
        when it was given.
        """
        return ()

    def late(self) -> Answers:
        """What ``Want`` gave a time has not come in it.  Answers as from ``up``."""
        return (Refuse("bad_header", "too slow"),)

    def lost(self, ending: str, reason: str) -> Answers:
        """
        There is no server, or it is lost, and the session would end as *ending*.

        Answers as from ``up``, with nothing shown: ``Dial`` to try again, ``Refuse`` to
        end with a word to the client; nothing: it ends, with a reset for the client.
        What stood behind a Dial that failed is for the one that it answers, or dropped.
        """
        return ()

    def spares(self) -> bool:
        """
        Whether it can do without its server: after ``Spare``, if others wait for it.

        It hears of it by ``lost`` as "limited", which it has to answer.
        """
        return False

    def drain(self) -> Answers:
        """The gateway stops: be through soon.  Answers as from ``up``."""
        return ()

    def over(self, ending: str, reason: str) -> Answers:
        """
        The session has ended so, whatever ended it: asked once, last.

        Of what is answered only ``Tell`` is carried out: of the request, say, that a
        client went away in the middle of.
        """
        return ()

    def secured(self, about: About) -> Answers:
        """The client's TLS is up, after ``Secure``.  Answers as from ``up``."""
        self.about = about
        return ()
