"""Data connections, met from either side and relayed as sessions of their own."""

import errno
import hashlib
import random
from typing import Any

import pytest

from bridge.filters import Meet
from bridge.session.flow import Event
from bridge.session.meeting import SECOND, STRANGER
from tests.meeting import met
from tests.pumping import open_files
from tests.sessions import CONNECT, closed_address, reset


def pump_through(one: Any, source: Any, sink: Any, data: bytes) -> bytes:
    """What arrives at *sink* of *data* and the FIN behind it."""
    got = bytearray()
    view = memoryview(data)
    source.setblocking(False)
    sink.setblocking(False)
    ended = False

    def through() -> bool:
        nonlocal view, ended
        try:
            if view:
                view = view[source.send(view[: 1 << 18]) :]
            elif not ended:
                ended = True
                source.shutdown(1)
        except BlockingIOError:
            pass
        try:
            more = sink.recv(1 << 20)
        except BlockingIOError:
            return False
        got.extend(more)
        return not more

    one.running.turner.until(through)
    return bytes(got)


DATA = random.Random(7).randbytes(3_000_000)


@pytest.mark.parametrize("side", ["front", "back"])
@pytest.mark.parametrize("comer_sends", [True, False])
def test_bytes_pass_from_end_to_end_and_the_record_says_for_whom(
    side: str, comer_sends: bool
) -> None:
    with met() as one:
        listening = one.listen()
        come = one.come(one.meet(side, listening))
        there = one.accept(listening)
        ends = (come, there) if comer_sends else (there, come)
        client, server = (come, there) if side == "front" else (there, come)
        names = client.getsockname(), server.getsockname()
        arrived = pump_through(one, *ends, DATA)
        assert hashlib.sha256(arrived).digest() == hashlib.sha256(DATA).digest()
        ends[1].close()
        record = one.running.record()
        assert (record.ending, record.control) == ("done", one.control.name)
        assert (record.front, record.farm, record.server) == ("front", "farm", "0")
        from_client = (side == "front") is comer_sends
        assert (record.up, record.down) == (
            (3_000_000, 0) if from_client else (0, 3_000_000)
        )
        assert (record.client, record.back) == names
        assert record.dialed is not None
        assert one.control.live.sessions == {one.control}


@pytest.mark.parametrize("side", ["front", "back"])
def test_a_reset_is_passed_on(side: str) -> None:
    with met() as one:
        listening = one.listen()
        come = one.come(one.meet(side, listening))
        there = one.accept(listening)
        reset(there)
        assert one.gone(come) == errno.ECONNRESET


def test_the_server_sees_us_come_from_where_the_control_connection_does() -> None:
    with met() as one:
        listening = one.listen()
        one.come(one.meet("front", listening))
        there = one.accept(listening)
        assert there.getpeername()[0] == one.server.getpeername()[0]


@pytest.mark.parametrize("side", ["front", "back"])
def test_who_is_not_expected_is_turned_away_and_who_is_may_still_come(
    side: str,
) -> None:
    with met() as one:
        listening = one.listen()
        where = one.meet(side, listening)
        stranger = one.come(where, "127.0.0.9")
        assert one.gone(stranger) == errno.ECONNRESET
        assert one.running.terms.admission.refused["ftp"] == 1
        if side == "front":
            record = one.running.record()
            assert (record.ending, record.reason) == ("denied", STRANGER)
        one.come(where)
        one.accept(listening)


@pytest.mark.parametrize("side", ["front", "back"])
def test_a_second_one_is_turned_away_and_then_nobody_listens(side: str) -> None:
    with met() as one:
        listening = one.listen()
        where = one.meet(side, listening)
        first, second = one.come(where), one.come(where)
        one.accept(listening)
        assert one.gone(second) == errno.ECONNRESET
        assert not one.listens(where)
        if side == "front":
            assert [each.reason for each in one.running.records] == [SECOND]
        first.close()


def test_a_front_that_is_full_takes_no_data_either() -> None:
    with met(connections=1) as one:
        for side in ("front", "back"):
            come = one.come(one.meet(side, one.listen()))
            assert one.gone(come) == errno.ECONNRESET
        assert [each.ending for each in one.running.records] == ["limited"] * 2


def test_a_server_that_refuses_is_a_reset_for_the_client() -> None:
    with met() as one:
        _, nobody = closed_address()
        where, _ = one.meetings.meet(one.control, Meet("front", nobody, 30.0))
        assert one.gone(one.come(where)) == errno.ECONNRESET
        assert one.running.record().ending == "dial_failed"
        assert not one.meetings.moves(one.control)


def test_a_client_that_refuses_is_a_reset_for_the_server() -> None:
    with met() as one:
        _, nobody = closed_address()
        where, _ = one.meetings.meet(one.control, Meet("back", nobody, 30.0))
        assert one.gone(one.come(where)) == errno.ECONNRESET
        assert not one.meetings.moves(one.control)
        assert one.running.records == []


def test_a_client_that_does_not_answer_is_given_up_in_time() -> None:
    with met() as one:
        silent = one.listen()
        silent.listen(0)
        filling = [one.come(silent.getsockname()) for _ in range(1)]
        come = one.come(one.meet("back", silent))
        one.running.turner.until(lambda: one.meetings.moves(one.control))
        one.running.advance(CONNECT * 1.2)
        assert one.gone(come) == errno.ECONNRESET
        assert not one.meetings.moves(one.control)
        assert filling


def test_a_server_that_leaves_while_the_client_is_dialed_is_forgotten() -> None:
    with met() as one:
        silent = one.listen()
        silent.listen(0)
        one.come(silent.getsockname())
        come = one.come(one.meet("back", silent))
        one.running.turner.until(lambda: one.meetings.moves(one.control))
        reset(come)
        one.running.turner.until(lambda: not one.meetings.moves(one.control))
        assert one.running.records == []


@pytest.mark.parametrize("side", ["front", "back"])
def test_nothing_is_left_open(side: str) -> None:
    before = open_files()
    with met() as one:
        for _ in range(3):
            listening = one.listen()
            come = one.come(one.meet(side, listening))
            one.accept(listening).close()
            come.close()
        one.meet(side, one.listen())
        one.running.turner.until(lambda: len(one.running.records) == 3)
    assert open_files() == before


def test_what_moves_outlives_its_control_session_and_who_was_to_come_does_not() -> None:
    with met() as one:
        listening = one.listen()
        come = one.come(one.meet("front", listening))
        there = one.accept(listening)
        where = one.meet("front", one.listen())
        one.control.handle(Event.KILLED)
        assert not one.listens(where)
        assert pump_through(one, there, come, b"all of it") == b"all of it"
        come.close()
        one.running.turner.until(lambda: len(one.running.records) == 2)
        killed, done = one.running.records
        assert (killed.ending, done.ending) == ("killed", "done")
        assert done.control == killed.session
