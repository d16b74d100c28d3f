"""
What a session does next: one table, State x Event -> State, Actions, Ending.

Three rules.  Everything that decides lives in this file, and nothing here knows of
sockets, clocks or Twisted.  An event that a state has no row for changes nothing:
events arrive late (a reset during a flush, a dial that answers after its session
is over), and CLOSED absorbs them all.  The first row with an ending names it; what
follows in the same session is only how it gets there.

The states::

    ACCEPTED -> DIALING -> OPEN -> FRONT_ENDED -> CLOSED
     \\-> SECURING -/ |  ^    \\-> BACK_ENDED  -/
     \\-> READING --/ QUEUED
                any of the last three -> FLUSHING_BACK or FLUSHING_FRONT -> CLOSED

READING may lead to SECURING: ``stages`` has the order.  *Ended* is a FIN, passed on;
bytes of the other direction still flow (RFC 9293, section 3.6).  *Flushing* follows a
reset: a truncated stream must not look like a finished one, so what was received before
the reset is delivered first, and only then is the other side reset too.
"""

from __future__ import annotations

from enum import Enum, auto


class State(Enum):
    """Where a session stands."""

    ACCEPTED = auto()
    SECURING = auto()
    """The front's TLS handshake is under way."""
    READING = auto()
    """What comes first is read, to know who the client is, or which farm it goes to."""
    DIALING = auto()
    """A server is being connected to, its TLS handshake included."""
    QUEUED = auto()
    """Every server is full; the next one with room takes this session."""
    OPEN = auto()
    FRONT_ENDED = auto()
    """The client's FIN was passed on; the server may still send."""
    BACK_ENDED = auto()
    """The server's FIN was passed on; the client may still send."""
    FLUSHING_BACK = auto()
    """The front was reset; what it sent before is on its way to the server."""
    FLUSHING_FRONT = auto()
    """The back was reset; what it sent before is on its way to the client."""
    CLOSED = auto()

    # Members are identical or not; the inherited hash is a Python function.
    __hash__ = object.__hash__


class Event(Enum):
    """What happened to a session."""

    ADMITTED = auto()
    TO_IDENTIFY = auto()
    """Its peer speaks for others: a PROXY header says first who the client is."""
    TO_SECURE = auto()
    """Admitted; TLS comes first."""
    TO_READ = auto()
    """Admitted; its first message says where to."""
    TO_FILTER = auto()
    """Filters read before a server is dialed: they say when."""
    TO_SECURE_LATER = auto()
    """A filter has said that the client speaks TLS from now on."""
    RESUMED = auto()
    """The handshake that came later is through, and there is a server ..."""
    RESUMED_ALONE = auto()
    """... or there is none."""
    SECURED = auto()
    """The front's handshake is through."""
    TLS_FAILED = auto()
    """The front's handshake failed, or that of the last attempt to dial."""
    DENIED = auto()
    LIMITED = auto()
    SILENT = auto()
    """The client has not said a word for ``greeting`` seconds."""
    ROUTED = auto()
    """What the client sent first names its farm, or a filter does."""
    BAD_HEADER = auto()
    """It names none, or cannot be read; or the PROXY header cannot."""
    DIALED = auto()
    UNANSWERED = auto()
    """``connect_timeout`` passed."""
    AGAIN = auto()
    """What this host was short of for a dial may be there now."""
    ATTEMPT_FAILED = auto()
    """A dial failed, and there are retries."""
    DIAL_FAILED = auto()
    """The last attempt failed; retries on other servers are over."""
    NO_SERVER = auto()
    """None of the farm's servers is in traffic."""
    ALL_FULL = auto()
    """Every server has all the sessions it may have.  There is a place in the queue."""
    SERVED = auto()
    """A server has room, and it is this session's turn."""
    QUEUED_LONG = auto()
    """``queue.timeout`` passed."""
    LATE = auto()
    """The ``open`` deadline passed before the server was connected."""
    UNSERVED = auto()
    """No server was found, and a filter says what is done instead."""
    RETIRED = auto()
    """A filter needs this server no longer, and keeps the client."""
    REFUSED = auto()
    """A filter ends the session; its ending is named already."""
    ANSWERED = auto()
    """Likewise, with a last word to the client, that is to arrive."""
    SETTLED = auto()
    """A filter closes both sides, and all before is delivered."""
    FRONT_FINISHED = auto()
    """The client's FIN was reached, and all before it is in the back's socket."""
    BACK_FINISHED = auto()
    FRONT_RESET = auto()
    BACK_RESET = auto()
    FRONT_PARTED = auto()
    """
    The client answered our close_notify with a FIN alone.  Nothing seems to be missing,
    but it might be forged, so that it is a reset for the server; a reset to call done.
    """
    BACK_PARTED = auto()
    FLUSHED = auto()
    """What a reset side had sent is delivered, or ``close`` seconds were not enough."""
    IDLE = auto()
    DRAINED = auto()
    """The gateway stops, and its time for draining is over."""
    KILLED = auto()
    CRASHED = auto()
    """A bug of ours."""

    __hash__ = object.__hash__


class Action(Enum):
    """What the session is to do, in order."""

    IDENTIFY = auto()
    SECURE = auto()
    READ = auto()
    FILTER = auto()
    """Have filters shown what the client sends."""
    SECURE_LATER = auto()
    RESUME = auto()
    """Go on where a filter had TLS begin."""
    RETIRE = auto()
    """Close the server's side and leave the farm."""
    LEAVE = auto()
    PART = auto()
    """Close the front in peace, whatever it may still send, and the back with it."""
    READ_NO_MORE = auto()
    """What the client would say first is waited for no longer."""
    DIAL = auto()
    """Choose a server and dial it."""
    DIAL_SERVER = auto()
    """Dial the server that there is a place at already."""
    DIAL_ANOTHER = auto()
    """Give the place back, choose again, and dial that."""
    FAIL_DIAL = auto()
    """Cancel the dial: it has failed like any other."""
    LEAVE_QUEUE = auto()
    CANCEL_DIAL = auto()
    JOIN = auto()
    END_FRONT = auto()
    END_BACK = auto()
    FREE_PLACE = auto()
    """The server's side is over: the next session may have its place."""
    FLUSH_FRONT = auto()
    FLUSH_BACK = auto()
    CHECK_FLUSH = auto()
    """The reset side has nothing more: is what it sent delivered?"""
    CLOSE = auto()
    """Both sides; the kernel goes on delivering."""
    ABORT = auto()
    """Both sides, or the front alone where there is no back yet."""

    __hash__ = object.__hash__


class Ending(Enum):
    """Why a session ended.  The values are what log, metrics and docs say."""

    DONE = "done"
    DENIED = "denied"
    LIMITED = "limited"
    BAD_HEADER = "bad_header"
    NO_SERVER = "no_server"
    QUEUE_TIMEOUT = "queue_timeout"
    DIAL_FAILED = "dial_failed"
    TLS_FAILED = "tls_failed"
    IDLE = "idle"
    HALF_CLOSED_IDLE = "half_closed_idle"
    FRONT_RESET = "front_reset"
    BACK_RESET = "back_reset"
    DRAINED = "drained"
    KILLED = "killed"
    ERROR = "error"

    __hash__ = object.__hash__


Row = tuple[State, tuple[Action, ...], Ending | None]

S, E, A = State, Event, Action
_HALF = (S.FRONT_ENDED, S.BACK_ENDED)
_JOINED = (S.OPEN, *_HALF)
_FLUSHING = (S.FLUSHING_BACK, S.FLUSHING_FRONT)
_REFUSED = {E.DENIED: Ending.DENIED, E.LIMITED: Ending.LIMITED}
_OVER = {
    S.FLUSHING_BACK: (E.FRONT_RESET, E.FRONT_FINISHED, E.FRONT_PARTED),
    S.FLUSHING_FRONT: (E.BACK_RESET, E.BACK_FINISHED, E.BACK_PARTED),
}
_SAID: tuple[tuple[Event, Action, Ending | None], ...] = (
    (E.REFUSED, A.ABORT, None),
    (E.ANSWERED, A.PART, None),
    (E.SETTLED, A.PART, Ending.DONE),
)
"""How filters end a session."""
_STOP_SEEKING = {S.DIALING: (A.CANCEL_DIAL,), S.QUEUED: (A.LEAVE_QUEUE,)}
_GIVE_UP = (A.CANCEL_DIAL, A.ABORT)
_LEAVE = (A.LEAVE_QUEUE, A.ABORT)
_SERVER_GONE = (A.FREE_PLACE, A.FLUSH_FRONT)
_ORDERED = {
    E.DRAINED: Ending.DRAINED,
    E.KILLED: Ending.KILLED,
    E.CRASHED: Ending.ERROR,
}
"""What may come at any time, whatever the two sides do."""

TABLE: dict[tuple[State, Event], Row] = {
    # A refusal is a reset: no client mistakes it for an empty answer.  What is read may
    # say who the client is, who is judged again then.
    **{
        (s, event): (S.CLOSED, (A.ABORT,), ending)
        for s in (S.ACCEPTED, S.READING)
        for event, ending in _REFUSED.items()
    },
    (S.ACCEPTED, E.ADMITTED): (S.DIALING, (A.DIAL,), None),
    # The server has come by itself, and the client was dialed: FTP's active mode.
    (S.ACCEPTED, E.DIALED): (S.OPEN, (A.JOIN,), None),
    (S.ACCEPTED, E.TO_IDENTIFY): (S.READING, (A.IDENTIFY,), None),
    (S.ACCEPTED, E.TO_READ): (S.READING, (A.READ,), None),
    (S.ACCEPTED, E.TO_SECURE): (S.SECURING, (A.SECURE,), None),
    # It is known who the client is, who may come in.
    (S.READING, E.ADMITTED): (S.DIALING, (A.DIAL,), None),
    (S.READING, E.TO_READ): (S.READING, (A.READ,), None),
    (S.READING, E.TO_SECURE): (S.SECURING, (A.SECURE,), None),
    (S.READING, E.SILENT): (S.READING, (A.READ_NO_MORE,), None),
    (S.READING, E.ROUTED): (S.DIALING, (A.DIAL,), None),
    (S.SECURING, E.SECURED): (S.DIALING, (A.DIAL,), None),
    (S.ACCEPTED, E.TO_FILTER): (S.READING, (A.FILTER,), None),
    (S.READING, E.TO_FILTER): (S.READING, (A.FILTER,), None),
    (S.SECURING, E.TO_FILTER): (S.READING, (A.FILTER,), None),
    (S.READING, E.FRONT_FINISHED): (S.CLOSED, (A.PART,), Ending.DONE),
    (S.READING, E.IDLE): (S.CLOSED, (A.ABORT,), Ending.IDLE),
    (S.DIALING, E.UNSERVED): (S.READING, (A.CANCEL_DIAL, A.LEAVE), None),
    (S.QUEUED, E.UNSERVED): (S.READING, (A.LEAVE_QUEUE, A.LEAVE), None),
    **{(s, E.RETIRED): (S.READING, (A.RETIRE,), None) for s in (S.OPEN, S.FRONT_ENDED)},
    (S.READING, E.TO_SECURE_LATER): (S.SECURING, (A.SECURE_LATER,), None),
    (S.OPEN, E.TO_SECURE_LATER): (S.SECURING, (A.SECURE_LATER,), None),
    (S.SECURING, E.RESUMED): (S.OPEN, (A.RESUME,), None),
    (S.SECURING, E.RESUMED_ALONE): (S.READING, (A.RESUME,), None),
    **{
        (s, event): (S.CLOSED, (*_STOP_SEEKING.get(s, ()), action), ending)
        for s in (S.READING, S.DIALING, S.QUEUED, *_JOINED)
        for event, action, ending in _SAID
    },
    # An orderly close: the alert that says why is to arrive.
    (S.SECURING, E.TLS_FAILED): (S.CLOSED, (A.CLOSE,), Ending.TLS_FAILED),
    (S.SECURING, E.LATE): (S.CLOSED, (A.ABORT,), Ending.TLS_FAILED),
    (S.SECURING, E.FRONT_RESET): (S.CLOSED, (A.ABORT,), Ending.TLS_FAILED),
    (S.SECURING, E.BACK_RESET): (S.CLOSED, (A.ABORT,), Ending.BACK_RESET),
    (S.READING, E.FRONT_RESET): (S.CLOSED, (A.ABORT,), Ending.FRONT_RESET),
    (S.READING, E.BAD_HEADER): (S.CLOSED, (A.ABORT,), Ending.BAD_HEADER),
    (S.READING, E.LATE): (S.CLOSED, (A.ABORT,), Ending.BAD_HEADER),
    (S.DIALING, E.DIALED): (S.OPEN, (A.JOIN,), None),
    (S.DIALING, E.UNANSWERED): (S.DIALING, (A.FAIL_DIAL,), None),
    (S.DIALING, E.AGAIN): (S.DIALING, (A.DIAL_SERVER,), None),
    (S.DIALING, E.ATTEMPT_FAILED): (S.DIALING, (A.DIAL_ANOTHER,), None),
    (S.DIALING, E.DIAL_FAILED): (S.CLOSED, (A.ABORT,), Ending.DIAL_FAILED),
    (S.DIALING, E.TLS_FAILED): (S.CLOSED, (A.ABORT,), Ending.TLS_FAILED),
    # Its farm is a map, which does not lead there.
    (S.DIALING, E.DENIED): (S.CLOSED, (A.ABORT,), Ending.DENIED),
    (S.DIALING, E.NO_SERVER): (S.CLOSED, (A.ABORT,), Ending.NO_SERVER),
    (S.DIALING, E.LIMITED): (S.CLOSED, (A.ABORT,), Ending.LIMITED),
    (S.DIALING, E.ALL_FULL): (S.QUEUED, (), None),
    (S.QUEUED, E.SERVED): (S.DIALING, (A.DIAL_SERVER,), None),
    (S.QUEUED, E.NO_SERVER): (S.CLOSED, _LEAVE, Ending.NO_SERVER),
    (S.QUEUED, E.QUEUED_LONG): (S.CLOSED, _LEAVE, Ending.QUEUE_TIMEOUT),
    (S.QUEUED, E.LATE): (S.CLOSED, _LEAVE, Ending.QUEUE_TIMEOUT),
    (S.QUEUED, E.FRONT_RESET): (S.CLOSED, _LEAVE, Ending.FRONT_RESET),
    (S.DIALING, E.LATE): (S.CLOSED, _GIVE_UP, Ending.DIAL_FAILED),
    (S.DIALING, E.FRONT_RESET): (S.CLOSED, _GIVE_UP, Ending.FRONT_RESET),
    (S.OPEN, E.FRONT_FINISHED): (S.FRONT_ENDED, (A.END_BACK,), None),
    (S.OPEN, E.BACK_FINISHED): (S.BACK_ENDED, (A.END_FRONT, A.FREE_PLACE), None),
    (S.FRONT_ENDED, E.BACK_FINISHED): (S.CLOSED, (A.CLOSE,), Ending.DONE),
    (S.BACK_ENDED, E.FRONT_FINISHED): (S.CLOSED, (A.CLOSE,), Ending.DONE),
    **{
        (s, E.FRONT_RESET): (S.FLUSHING_BACK, (A.FLUSH_BACK,), Ending.FRONT_RESET)
        for s in _JOINED
    },
    **{
        (s, E.BACK_RESET): (S.FLUSHING_FRONT, _SERVER_GONE, Ending.BACK_RESET)
        for s in _JOINED
    },
    (S.FRONT_ENDED, E.BACK_PARTED): (S.FLUSHING_FRONT, _SERVER_GONE, Ending.DONE),
    (S.BACK_ENDED, E.FRONT_PARTED): (S.FLUSHING_BACK, (A.FLUSH_BACK,), Ending.DONE),
    (S.OPEN, E.IDLE): (S.CLOSED, (A.ABORT,), Ending.IDLE),
    **{(s, E.IDLE): (S.CLOSED, (A.ABORT,), Ending.HALF_CLOSED_IDLE) for s in _HALF},
    **{(s, E.FLUSHED): (S.CLOSED, (A.ABORT,), None) for s in _FLUSHING},
    **{(s, e): (s, (A.CHECK_FLUSH,), None) for s, over in _OVER.items() for e in over},
    # Nobody is left to deliver to.
    (S.FLUSHING_BACK, E.BACK_RESET): (S.CLOSED, (A.ABORT,), None),
    (S.FLUSHING_FRONT, E.FRONT_RESET): (S.CLOSED, (A.ABORT,), None),
    **{
        (s, event): (S.CLOSED, _GIVE_UP, ending)
        for s in (S.ACCEPTED, S.SECURING, S.READING, S.DIALING)
        for event, ending in _ORDERED.items()
    },
    **{
        (S.QUEUED, event): (S.CLOSED, _LEAVE, ending)
        for event, ending in _ORDERED.items()
    },
    **{
        (s, event): (S.CLOSED, (A.ABORT,), ending)
        for s in (*_JOINED, *_FLUSHING)
        for event, ending in _ORDERED.items()
    },
}


def stages(*, reads: bool, secures: bool, filters: bool = False) -> tuple[Event, ...]:
    """
    What a client that may come in goes through until there is a farm, in order.

    The first is said when it is admitted, after TO_IDENTIFY where its peer speaks for
    others; each of the others when what the one before it began is over.
    """
    begun = ((E.TO_READ, reads), (E.TO_SECURE, secures))
    over = E.SECURED if secures else E.ROUTED if reads else E.ADMITTED
    if filters:
        over = E.TO_FILTER
    return (*(event for event, wanted in begun if wanted), over)


def step(state: State, event: Event) -> Row:
    """The next state, what to do about it in order, and the ending if this names it."""
    return TABLE.get((state, event), (state, (), None))
