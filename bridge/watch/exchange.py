"""
The exchange: what is said of one request and its answer when both are over.

A value without behaviour, as the record is of a session.  Who has read the request
makes it (``filters``), without sockets; what only the session knows stands behind, and
is filled in by ``session``.
"""

from __future__ import annotations

from typing import NamedTuple


class Exchange(NamedTuple):
    """
    One request.  Times in seconds on the monotonic clock; sizes in bytes.

    Texts are as the network sent them, each byte a character (Latin-1): they are
    escaped where they are written, and cut.
    """

    method: str
    """Empty, as ``target`` and ``version``: no head was read that could be told of."""
    target: str
    version: str
    """``HTTP/1.1``."""
    host: str
    """Whom it asks for: of the target if that has one, or of Host; or empty."""
    status: int
    """What the client was answered, by whomever; 0: nothing."""
    dials: bool
    """
    It went to a server, or was to (``Dial``): the session's farm and server are its.
    """
    ending: str
    """``done``, or one of the other endings if this request ended so."""
    reason: str
    """Why, where ``ending`` does not say it all; or empty."""
    reused: int
    """Requests before it on this connection of the client's."""
    began: float
    """When the first byte of its head was there."""
    read: float | None
    """When its head was complete."""
    answered: float | None
    """
    When the head of a server's final answer (not 1xx) was complete; None: there was
    none, and what the client was answered is ours.
    """
    over: float
    """When it was told of.  A body may pass long after who has read the head said so:
    the session fills this in."""
    up: int
    """Received of the client for it: head and body."""
    down: int
    """Sent to the client for it: head and body, whoever made them."""

    # What the session knows.

    session: str = ""
    front: str = ""
    farm: str = ""
    """Empty where none was gone to."""
    server: str = ""
    client: tuple[str, int] = ("", 0)
    via: tuple[str, int] | None = None
    """As in the session's record."""
    letters: str = "--"
    """How HAProxy would say its ending."""
    dial_began: float | None = None
    """When the dial that was made for this request began; None: none was."""
    dialed: float | None = None
    retries: int = 0
    queued: int = 0
    active: int = 0
    """Sessions there were when it was over, as in the record: in all ..."""
    front_active: int = 0
    farm_active: int = 0
    server_active: int = 0


UNSAID = tuple(Exchange._field_defaults.values())
"""What the session knows, before it has said so."""
