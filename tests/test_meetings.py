"""How many data connections a session may have, and at which ports."""

import socket

import pytest

from bridge.filters import Meet
from bridge.session.meetings import MOST, NONE_FREE
from tests.meeting import PORTS, met


def test_each_waits_at_a_port_of_the_range_which_is_free_again_afterwards() -> None:
    with met(PORTS[:1]) as one:
        host, port = one.meet("front", one.listen(), within=5.0)
        assert (host, port) == ("127.0.0.1", PORTS[0])
        where, why = one.meetings.meet(one.control, Meet("back", 9, 5.0))
        assert (where, why) == (None, NONE_FREE)
        one.running.advance(6.0)
        assert one.meet("back", one.listen()) == ("127.0.0.1", PORTS[0])


def test_a_port_is_free_again_as_soon_as_the_one_has_come() -> None:
    with met(PORTS[:1]) as one:
        for side in ("front", "back"):
            listening = one.listen()
            one.come(one.meet(side, listening))
            one.accept(listening)
        assert len(one.control.live.sessions) == 3


def test_ports_that_others_have_are_passed_over() -> None:
    with met(PORTS[:2]) as one, socket.create_server(("127.0.0.1", PORTS[0])):
        assert one.meet("front", one.listen())[1] == PORTS[1]
        where, why = one.meetings.meet(one.control, Meet("front", 9, 5.0))
        assert (where, why) == (None, NONE_FREE)


def test_of_too_many_that_are_waited_for_the_oldest_is_forgotten() -> None:
    with met() as one:
        waited = [one.meet("front", one.listen()) for _ in range(MOST)]
        assert len(set(waited)) == MOST
        newest = one.meet("front", one.listen())
        assert not one.listens(waited[0])
        assert one.listens(newest)


def test_those_that_are_there_are_never_forgotten_for_another() -> None:
    with met() as one:
        ends = []
        for _ in range(MOST):
            listening = one.listen()
            ends.append(one.come(one.meet("front", listening)))
            ends.append(one.accept(listening))
        where, why = one.meetings.meet(one.control, Meet("front", 9, 5.0))
        assert where is None and str(MOST) in why
        assert len(one.control.live.sessions) == MOST + 1
        assert one.meetings.moves(one.control)


def test_there_is_none_without_a_server() -> None:
    with met() as one:
        one.control.back, back = None, one.control.back
        where, why = one.meetings.meet(one.control, Meet("front", 9, 5.0))
        one.control.back = back
        assert (where, why) == (None, "not possible now")


@pytest.mark.parametrize("side", ["front", "back"])
def test_a_gateway_that_stops_waits_for_nobody(side: str) -> None:
    with met() as one:
        where = one.meet(side, one.listen())
        one.meetings.close()
        assert not one.listens(where)
