"""
What the gateway's own log says of sessions that fail.

Here: which endings are worth a line, and in which words.  Not here: that it is one line
a minute, however many sessions fail (``watch.repeated``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.net.sockaddr import told
from bridge.session.flow import Ending, Event, State

if TYPE_CHECKING:
    from bridge.session.attempt import Reaching
    from bridge.session.session import Session

WORTH = frozenset(
    {
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

Not ``denied``, which is what somebody wanted; nor what becomes of sessions later, which
are a peer's affairs.  An ``error`` has its traceback.
"""

_AT_FRONT = frozenset({State.ACCEPTED, State.SECURING, State.READING})


def complain(session: Session, ending: Ending) -> None:
    """*session*, whose server is still known, ends so, and that is WORTH a line."""
    terms, reason = session.terms, session.reason
    failures = terms.house.failures
    if failures is None:
        return
    what = f"session ended as {ending._value_}"
    if session.ended_in in _AT_FRONT:
        client, _ = told(session.front.peer)
        detail = f"{reason}, client {client}" if reason else f"client {client}"
        failures.tell(f"front {terms.front}", what, detail)
        return
    if ending is Ending.DIAL_FAILED:  # each reason has another remedy
        what, reason = f"{what}, {reason}", ""
    server = f"server {session.server.name}" if session.server is not None else ""
    detail = ", ".join(filter(None, (reason, server))) or _OTHERWISE.get(ending, "")
    failures.tell(f"farm {terms.farm.name}", what, detail)


def complain_of_dial(session: Reaching, last: Event) -> None:
    """A dial of *session* failed, and another follows."""
    terms, reason = session.terms, session.reason
    failures = terms.house.failures
    if failures is None or session.server is None:
        return
    what, detail = "a dial failed and is repeated", f"server {session.server.name}"
    if last is Event.DIAL_FAILED:
        what = f"{what}, {reason}"
    else:  # TLS, whose words may be the other end's
        detail = f"{reason}, {detail}"
    failures.tell(f"farm {terms.farm.name}", what, detail)


_OTHERWISE = {
    Ending.NO_SERVER: "none of its servers gets sessions",
    Ending.QUEUE_TIMEOUT: "no place came free in time",
}
