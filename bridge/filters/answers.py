"""
What a filter may answer to the bytes it is shown.

Values, made a few times for each head and never for each chunk of a body.  What they
make happen is the driver's to do; in which order, and what may follow what, ``Filter``
says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from bridge.watch.exchange import Exchange


class Want:
    """
    Nothing can be said before more bytes are there.

    What was shown is shown again, whole, with what has come; never more than *most*
    bytes of it: if those are there and the answer is ``Want`` again, the session ends
    as ``bad_header``.  *within*: so many seconds from the first of several such answers
    with the same number on, then ``Filter.late`` is asked.  None: for ever, which is
    for the session's own time-outs to end.  One of a few numbers that a filter has:
    each that there is has a queue of its own, for as long as the front.
    """

    __slots__ = ("most", "within")

    def __init__(self, most: int, within: float | None = None) -> None:
        self.most = most
        self.within = within


class Wait:
    """
    This direction is shown again once the other one has been answered for.

    *whole*: for all that had come of it, and not just for something.
    """

    __slots__ = ("whole",)

    def __init__(self, *, whole: bool = False) -> None:
        self.whole = whole


class Send:
    """
    *data* goes on, in the place of *instead* bytes that were shown; None: of all.

    With ``instead=0`` it is put before them.
    """

    __slots__ = ("data", "instead")

    def __init__(self, data: bytes, instead: int | None = None) -> None:
        if not isinstance(data, bytes):
            raise TypeError(f"{data!r} is no bytes")
        self.data = data
        self.instead = instead


class Drop:
    """*count* bytes that were shown do not go on."""

    __slots__ = ("count",)

    def __init__(self, count: int) -> None:
        self.count = count


class Pass:
    """
    The next *count* bytes go on untouched: first what was shown, then what has not come
    yet, which is then not shown.

    The driver counts *count* down: whenever the filter is asked anything, it is what
    has not gone on yet, so that one who kept the answer can tell an end between two
    messages from one in the middle of a body.  So each answer is a new one.

    If the end comes before all has, nothing that was answered behind it is carried out
    (a ``Close`` would make the cut look like an end): the end is shown, with ``b""``.
    """

    __slots__ = ("count",)

    def __init__(self, count: int) -> None:
        self.count = count


class PassRest:
    """All that follows goes on untouched, and nothing of it is shown any more."""

    __slots__ = ()


class Reply:
    """*data* goes back to where the bytes came from.  Answers for none of them."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        if not isinstance(data, bytes):
            raise TypeError(f"{data!r} is no bytes")
        self.data = data


ENDINGS: Final = frozenset({
    "done", "denied", "limited", "bad_header", "no_server", "queue_timeout",
    "dial_failed", "tls_failed", "idle", "half_closed_idle", "front_reset",
    "back_reset", "drained", "killed", "error",
})  # fmt: skip
"""What log, metrics and docs call the end of a session."""


class Refuse:
    """
    The session ends as *ending*, one of ``ENDINGS``, because of *reason*.

    The client gets *reply* first, if there is any, and then a FIN instead of a reset.
    """

    __slots__ = ("ending", "reason", "reply")

    def __init__(self, ending: str, reason: str, reply: bytes = b"") -> None:
        if not isinstance(reply, bytes):
            raise TypeError(f"{reply!r} is no bytes")
        self.ending = ending
        self.reason = reason
        self.reply = reply


class Close:
    """
    Both sides are closed when everything before has been delivered: ``done``.
    """

    __slots__ = ()


class Dial:
    """
    What follows goes to a server of the farm that *name* leads to; None: the default.

    If there is a connection to that farm already it is kept, unless *anew*.  Nothing is
    sent before the server is there.  If there is none, ``Filter.lost`` is asked.
    """

    __slots__ = ("anew", "name")

    def __init__(self, name: str | None = None, *, anew: bool = False) -> None:
        self.name = name
        self.anew = anew


class Spare:
    """
    The server is needed no more, before something else comes.  Answers for no bytes.

    It is kept, unless others wait for its place, now or later: ``Filter.lost`` is asked
    then, if ``Filter.spares`` still says so.
    """

    __slots__ = ()


class Secure:
    """
    After what was replied the client speaks TLS, by the front's ``tls``.

    Only ``up`` may answer so, and only if nothing that was shown is left: bytes behind
    the client's request would be taken for protected ones (CVE-2011-0411).
    """

    __slots__ = ()


class Tell:
    """
    *value* is for the log of requests.  Answers for no bytes.

    Said once a request, when it is over.  What only the session knows of it (server,
    times of the dial) is filled in by whoever carries this out.
    """

    __slots__ = ("value",)

    def __init__(self, value: Exchange) -> None:
        self.value = value


class Meet:
    """
    One connection more is listened for, and relayed as a session of its own.

    *side* is where it comes in.  "front": the client comes, to the address of ours that
    it came to before, and reaches *port* of the server.  "back": the server comes, to
    the address of ours that it knows, and reaches *port* of the client.  Nobody else
    does.  *within*: for so many seconds.

    Answers for no bytes, and is the last answer: ``Filter.met`` says what comes in its
    place.  Needs a front that has ports for it (``ftp`` in the configuration).
    """

    __slots__ = ("port", "side", "within")

    def __init__(
        self, side: Literal["front", "back"], port: int, within: float
    ) -> None:
        self.side = side
        self.port = port
        self.within = within


Answer: TypeAlias = (
    Want
    | Wait
    | Send
    | Drop
    | Pass
    | PassRest
    | Reply
    | Refuse
    | Close
    | Dial
    | Spare
    | Secure
    | Tell
    | Meet
)

Answers: TypeAlias = Sequence[Answer]
"""In order.  They answer for the bytes that were shown from the first one on."""
