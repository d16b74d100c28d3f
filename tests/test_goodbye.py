"""Connections that are closed while their other end still sends."""

from __future__ import annotations

from bridge.net.goodbye import TURN, Goodbye
from bridge.net.relay import end_of
from tests.pumping import Turner, tcp_pair


def test_the_last_word_arrives_although_more_is_being_sent(turner: Turner) -> None:
    ours, theirs = tcp_pair()
    stream = turner.stream(ours)
    theirs.sendall(b"x" * 100_000)
    turner.settle()
    ours.send(b"no")
    goodbye = Goodbye(stream, end_of(stream), 0, 5.0)
    turner.settle()
    theirs.sendall(b"x" * 100_000)
    turner.settle()
    assert theirs.recv(10) == b"no"
    assert theirs.recv(10) == b"", "a FIN, and no reset"
    assert len(turner.pump.lingering) == 1
    theirs.close()
    turner.settle()
    assert len(turner.pump.lingering) == 0
    assert stream.fd == -1
    goodbye.ready(1)  # late: it does no harm


def test_where_all_is_read_nothing_is_before_something_comes(turner: Turner) -> None:
    ours, theirs = tcp_pair()
    stream = turner.stream(ours)
    Goodbye(stream, end_of(stream), 0, 5.0, drained=True)
    assert not turner.pump._again
    turner.settle()
    assert len(turner.pump.lingering) == 1
    theirs.close()
    turner.settle()
    assert (stream.fd, len(turner.pump.lingering)) == (-1, 0)


def test_who_does_not_end_is_closed_in_time(turner: Turner) -> None:
    ours, theirs = tcp_pair()
    stream = turner.stream(ours)
    Goodbye(stream, end_of(stream), 0, 5.0)
    for _ in range(20):
        turner.reactor.advance(TURN / 10)
        turner.settle()
    assert (stream.fd, len(turner.pump.lingering)) == (-1, 0)
    theirs.close()


def test_what_had_no_room_is_sent_when_there_is(turner: Turner) -> None:
    ours, theirs = tcp_pair()
    stream = turner.stream(ours)
    end, size = end_of(stream), 8_000_000
    held = end.put(b"x" * size)
    assert held
    Goodbye(stream, end, held, 5.0)
    got = 0
    theirs.setblocking(False)

    def ended() -> bool:
        nonlocal got
        try:
            data = theirs.recv(1 << 20)
        except BlockingIOError:
            return False
        got += len(data)
        return not data

    turner.until(ended)
    assert got == size
    theirs.close()
    turner.settle()
    assert stream.fd == -1


def test_the_end_of_the_process_does_not_wait_for_it(turner: Turner) -> None:
    ours, theirs = tcp_pair()
    stream = turner.stream(ours)
    Goodbye(stream, end_of(stream), 0, 5.0)
    turner.pump.lingering.abort_all()
    turner.settle()
    assert stream.fd == -1
    theirs.close()
