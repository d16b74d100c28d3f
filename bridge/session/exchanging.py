"""
From a request that a filter tells of to what the log is told.

Here: counting it, and what only the session knows: farm, server, the dial, and how
HAProxy would say the ending.  Not here: what becomes of it (``watch``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.session.flow import Ending
from bridge.session.recording import BY_WHOM
from bridge.watch.exchange import Exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.session.place import Place
    from bridge.session.wishing import Wishing

_DONE = Ending.DONE._value_
_READ = Exchange._fields.index("session")
"""So many of an exchange's fields are of who has read the request ..."""
_OVER = Exchange._fields.index("over")
"""... but for this one: its body may have passed for long since."""


def tell(
    listener: Callable[[Exchange], None] | None, session: Wishing, exchange: Exchange
) -> None:
    """Count it; and have *listener*, if there is one, hear of it: see ``completed``."""
    status = exchange.status
    group = f"{status // 100}xx" if status else "none"
    session.live.counters.requests[group] += 1
    if listener is not None:
        listener(completed(session, exchange))


def completed(session: Wishing, exchange: Exchange) -> Exchange:
    """
    *exchange* with all that its *session* knows of it.

    It is over now.  By position, like a record: a test compares all fields.
    """
    house, about, dials = session.terms.house, session.about, exchange.dials
    place = session.place if dials else None
    destination = session.destination if dials else None
    farm = destination.farm if destination is not None else None
    server = place.server if place is not None else None
    own = place if place is not None and _dialed_for(place, exchange) else None
    done = dials and exchange.ending == _DONE
    told: Exchange = tuple.__new__(
        Exchange,
        (
            *exchange[:_OVER], house.seconds(), *exchange[_OVER + 1 : _READ],
            about.session, about.front,
            farm.name if farm is not None else "",
            server.name if server is not None else "",
            about.client, about.via,
            "--" if done else letters(exchange, own),
            own.dial_began if own is not None else None,
            own.dialed if own is not None else None,
            own.attempts - 1 if own is not None and own.attempts > 1 else 0,
            own.rare.queued if own is not None else 0,
            house.room.taken, len(session.live.sessions),
            farm.active if farm is not None else 0,
            server.active if server is not None else 0,
        ),
    )  # fmt: skip
    return told


def _dialed_for(place: Place, exchange: Exchange) -> bool:
    """Whether there was no connection that an earlier request had left."""
    began = place.dial_began
    return began is None or exchange.read is None or began >= exchange.read


def letters(exchange: Exchange, own: Place | None) -> str:
    """
    How HAProxy would say it (configuration manual, section 8.5).  *own* is the place
    that was taken for this request.
    """
    if exchange.ending == _DONE:
        return "--" if exchange.dials else "LR"  # answered here, as was asked for
    phase = _phase(exchange, own)
    whom = BY_WHOM.get(_ENDINGS.get(exchange.ending, Ending.ERROR), "I")
    if exchange.status == 408:
        whom = "c"  # it was the client that was waited for
    elif exchange.ending == Ending.IDLE._value_ and phase in "HC":
        whom = "s"
    return whom + phase


_ENDINGS = {ending._value_: ending for ending in Ending}


def _phase(exchange: Exchange, own: Place | None) -> str:
    """Request, queue, connection, headers, data."""
    if exchange.read is None or not exchange.dials:
        return "R"
    if exchange.answered is not None:
        return "D"
    if own is None or own.dialed is not None:
        return "H"
    return "Q" if own.dial_began is None and own.queued else "C"
