"""
What the gateway's own log says of sessions that fail.

Here: which endings are worth a line, and in which words.  Not here: that it is one line
a minute, however many sessions fail (``watch.repeated``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.session.admission import DENY
from bridge.session.flow import Ending

if TYPE_CHECKING:
    from bridge.session.place import Place
    from bridge.session.recording import Ended
    from bridge.watch.repeated import Repeated

WORTH = frozenset(
    {
        Ending.DENIED,
        Ending.LIMITED,
        Ending.BAD_HEADER,
        Ending.NO_SERVER,
        Ending.QUEUE_TIMEOUT,
        Ending.DIAL_FAILED,
        Ending.TLS_FAILED,
    }
)
"""
Those with which a client is not served.

Not what becomes of sessions later, which are a peer's affairs.  An ``error`` has its
traceback.
"""


def complain(ended: Ended, failures: Repeated) -> None:
    """It ended so, which is WORTH a line."""
    place, reason = ended.place, ended.reason
    ending = ended.ending or Ending.ERROR
    what = f"session ended as {ending._value_}"
    if place is None:  # before it had a farm
        client = f"client {ended.client[0]}"
        if _is_of_few(ending, reason):  # each has its own count
            what, reason = f"{what}, {reason}", ""
        detail = f"{reason}, {client}" if reason else client
        failures.tell(f"front {ended.terms.front}", what, detail)
        return
    if ending is Ending.DIAL_FAILED:  # each reason has another remedy
        kind, reason = _kind(reason, place)
        what = f"{what}, {kind}"
    detail = ", ".join(filter(None, (reason, _server(place))))
    failures.tell(f"farm {place.farm.name}", what, detail or _OTHERWISE.get(ending, ""))


def _is_of_few(ending: Ending, reason: str) -> bool:
    """Whether there are few such reasons: of the networks in ``deny`` there are not."""
    if ending is Ending.DENIED:
        return not reason.startswith(DENY)
    return ending is Ending.LIMITED


def complain_of_dial(
    failures: Repeated, place: Place, reason: str, *, its_end: bool
) -> None:
    """
    A dial failed, and another follows.

    *its_end*: the reason may be in the other end's words, of which there is no end.
    """
    what = "a dial failed and is repeated"
    if not its_end:
        kind, reason = _kind(reason, place)
        what = f"{what}, {kind}"
    detail = ", ".join(filter(None, (reason, _server(place))))
    failures.tell(f"farm {place.farm.name}", what, detail)


def _kind(reason: str, place: Place) -> tuple[str, str]:
    """
    *reason* as one of few, and what is not in it: the pseudonym, of which there are as
    many as clients.
    """
    if place.source and place.whose and place.source in reason:
        return reason.replace(place.source, "a pseudonym"), place.source
    return reason, ""


def _server(place: Place) -> str:
    return f"server {place.server.name}" if place.server is not None else ""


_OTHERWISE = {
    Ending.NO_SERVER: "none of its servers gets sessions",
    Ending.QUEUE_TIMEOUT: "no place came free in time",
}
"""What there is to say where neither a reason nor a server is known."""
