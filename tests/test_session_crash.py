"""A bug met by one session: it is let go of, and whoever met it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from bridge.net.dial import Dial
from bridge.net.splice import Splice
from bridge.net.stream import Stream
from bridge.session import session as module
from bridge.session.flow import Event, State
from bridge.session.place import Place
from bridge.session.session import Session
from bridge.watch.access import TextFormat, render
from bridge.watch.access_json import JsonFormat
from tests.logged import logged
from tests.pumping import PATIENCE
from tests.sessions import CONNECT, Running, server


@pytest.fixture
def running() -> Iterator[Running]:
    listening = server()
    made = Running(listening.getsockname())
    yield made
    made.close()
    listening.close()


def opened(running: Running, count: int) -> list[Session]:
    """So many sessions, joined."""
    for _ in range(count):
        running.connect()
    sessions = running.live.sessions
    running.turner.until(
        lambda: len(sessions) == count and all(s.state is State.OPEN for s in sessions)
    )
    return list(sessions)


def broken(*_: object, **__: object) -> Any:
    raise ValueError("odd")


def is_let_go(running: Running, session: Session) -> bool:
    """Nothing of it is left anywhere."""
    return (
        session not in running.live.sessions
        and session.state is State.CLOSED
        and session.front.fd == -1
        and session.back is None
        and session.place is not None
        and not session.place.taken
    )


@pytest.mark.parametrize(
    ("where", "what"),
    [
        (module, "tell"),
        (module, "complain"),
        (Splice, "stop"),
        (Place, "free"),
        (Stream, "abort"),
    ],
)
def test_whatever_fails_at_a_sessions_end_it_is_let_go_of(
    running: Running, monkeypatch: pytest.MonkeyPatch, where: Any, what: str
) -> None:
    (session,) = opened(running, 1)
    ends = session.front, session.back
    if what == "stop":
        assert session.up is not None
        session.up.held = 1  # else there is nothing to be stopped
    with logged() as log:
        with monkeypatch.context() as patch:
            patch.setattr(where, what, broken)
            session.handle(Event.DRAINED)
        if what not in ("complain",):  # which is for endings of another kind
            assert log.tracebacks >= 1
    if what == "abort":  # the one thing that cannot be done without it
        for end in ends:
            assert end is not None
            end.close()
    if what == "free":
        assert session.place is not None
        session.place.free()
    assert is_let_go(running, session)
    assert running.terms.house.room.taken == 0
    assert running.farm.active == 0
    assert running.live.counters.endings["drained"] == 1


def test_who_is_told_of_records_may_fail() -> None:
    with server() as listening:
        deaf = partial(replace, told=broken)
        running = Running(listening.getsockname(), settle=deaf)
        (session,) = opened(running, 1)
        with logged() as log:
            session.handle(Event.KILLED)
            assert log.tracebacks == 1
        assert is_let_go(running, session)
        running.close()


def test_a_loop_over_sessions_goes_on_behind_one_that_fails(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = opened(running, 3)
    monkeypatch.setattr(module, "tell", broken)
    with logged() as log:
        for session in sessions:
            session.handle(Event.IDLE)
        assert log.tracebacks == 3
    assert all(is_let_go(running, session) for session in sessions)


def test_a_session_whose_action_fails_is_let_go_of(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    (session,) = opened(running, 1)
    monkeypatch.setattr(Session, "_deliver", broken)
    with logged() as log:
        session.handle(Event.BACK_RESET)
        assert log.tracebacks == 1
    assert is_let_go(running, session)
    assert session.ended_in is State.OPEN


def test_the_client_of_a_session_that_failed_is_not_left_hanging(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = running.connect()
    session = running.session()
    running.turner.until(lambda: session.state is State.OPEN)
    monkeypatch.setattr(module, "tell", broken)
    with logged():
        session.handle(Event.IDLE)
    running.turner.settle()
    client.settimeout(PATIENCE)
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_a_deadline_whose_work_fails_ends_its_session(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them is an event, so that nothing of it is only logged."""
    monkeypatch.setattr(Dial, "connect", lambda _: None)
    for _ in range(3):
        running.connect()
    running.turner.until(lambda: len(running.live.sessions) == 3)
    monkeypatch.setattr(Dial, "disconnect", broken)
    with logged() as log:
        running.turner.reactor.advance(CONNECT + 0.1)
        assert log.tracebacks >= 3
    assert not running.live.sessions
    assert [record.ending for record in running.records] == ["error"] * 3
    assert running.farm.active == running.farm.servers[0].active == 0
    assert running.terms.house.room.taken == 0


def test_a_step_that_is_no_event_ends_its_session_as_well(running: Running) -> None:
    (session,) = opened(running, 1)
    with logged() as log:
        session.surely(broken, 1)
        assert log.tracebacks == 1
    assert is_let_go(running, session)
    assert running.record().ending == "error"


@pytest.mark.parametrize("form", [TextFormat(), JsonFormat()])
def test_a_record_that_has_no_line_does_not_cost_the_others_theirs(
    running: Running, form: Any
) -> None:
    (session,) = opened(running, 1)
    session.handle(Event.KILLED)
    good = running.record()
    odd = good._replace(accepted=float("nan"), closed=float("nan"))
    with logged() as log:
        lines = render(form, [good, odd, good], 0.0).splitlines()
        assert log.tracebacks == 1
    assert len(lines) == 2
