"""What the filter for TLS within a session asks of a protocol, and is told."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple


class Word(Enum):
    """What becomes of a client's command."""

    GO = auto()
    """It goes to the server, which has one reply to it."""
    REST = auto()
    """So does all that follows, unseen: there will be no TLS, or there is."""
    NO = auto()
    """It is replied to here."""
    END = auto()
    """Likewise, and the session ends: what follows would not be commands."""
    TLS = auto()
    """It asks for TLS, and gets it."""


Ruling = tuple[Word, bytes]
"""And the reply to the client, if it is not the server's."""


class Heard(NamedTuple):
    """The first thing that a server says."""

    size: int
    """Bytes that it had."""
    instead: bytes | None = None
    """What the client hears; None: that."""
    answers: bool = True
    """It is the reply that the client waits for, or the last part of it."""
    rest: bool = False
    """The client is in already: nothing more is to be seen."""


class Protocol:
    """One session's.  It keeps what has been said, and no bytes."""

    sorry = b""
    """The server's last words, when there is no server."""

    def __init__(self, required: bool) -> None:
        self.required = required
        self.secure = False

    @property
    def barred(self) -> bool:
        """Nothing is done for the client before TLS."""
        return self.required and not self.secure

    def secured(self) -> None:
        """The client's TLS is up."""
        self.secure = True

    def said(self, line: bytes) -> Ruling:
        """*line* of the client's, with its end; only when no reply is waited for."""
        raise NotImplementedError

    def heard(self, data: bytes) -> Heard | None:
        """
        What *data* of the server's begins with; None: more of it has to come.

        Raises ValueError: this is not the protocol.
        """
        raise NotImplementedError


def text_of(line: bytes) -> bytes | None:
    """
    A command without its end; None: servers may read it in different ways, such as one
    line or two.
    """
    text = line.removesuffix(b"\n").removesuffix(b"\r")
    return None if b"\r" in text or b"\0" in text else text
