"""The pump: order, fairness, and what must not happen within a batch."""

import errno
import os
import socket
from collections.abc import Callable

from twisted.internet.interfaces import IReadDescriptor
from zope.interface.verify import verifyObject

from bridge.net.pulse import Beating
from bridge.net.pump import IN, ROUNDS, STREAM, Pump
from tests.logged import logged
from tests.pumping import HandTurned, Turner


class Watching:
    """Remembers what it was told, and does what the test wants."""

    def __init__(self, act: Callable[[], object] = lambda: None) -> None:
        self.masks: list[int] = []
        self.crashes = 0
        self._act = act

    def ready(self, events: int) -> None:
        self.masks.append(events)
        self._act()

    def run(self) -> None:
        self.masks.append(0)
        self._act()

    def crashed(self) -> None:
        self.crashes += 1


def pair() -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    return ours, theirs


def test_it_is_one_reader_to_the_reactor() -> None:
    reactor = HandTurned()
    pump = Pump(reactor)
    assert verifyObject(IReadDescriptor, pump)
    assert reactor.readers == [pump]
    pump.stop()
    assert reactor.readers == []
    assert pump.fileno() == -1


def test_its_descriptor_becomes_readable_with_any_of_its_own() -> None:
    turner = Turner()
    ours, theirs = pair()
    watching = Watching()
    turner.pump.watch(ours.fileno(), watching, IN)
    theirs.send(b"x")
    turner.until(lambda: watching.masks)
    assert watching.masks[0] & IN
    ours.close()
    theirs.close()


def test_an_edge_is_told_once() -> None:
    turner = Turner()
    ours, theirs = pair()
    watching = Watching()
    turner.pump.watch(ours.fileno(), watching, STREAM)
    theirs.send(b"x")
    turner.settle()
    told = len(watching.masks)
    turner.settle()
    assert len(watching.masks) == told
    ours.close()
    theirs.close()


def test_a_descriptor_closed_in_a_batch_is_neither_told_nor_reused_in_it() -> None:
    """
    Two sockets are ready in one batch; the first one's watcher closes the second and
    opens another.  Were the number free at once, the new one would get its event.
    """
    turner = Turner()
    first, first_peer = pair()
    second, second_peer = pair()
    number = second.fileno()
    opened: list[socket.socket] = []

    def replace() -> None:
        turner.pump.close(second)
        opened.extend(socket.socketpair())

    silenced = Watching()
    turner.pump.watch(first.fileno(), Watching(replace), IN | 1 << 31)
    turner.pump.watch(number, silenced, IN | 1 << 31)
    first_peer.send(b"x")
    second_peer.send(b"x")
    turner.turn()
    assert silenced.masks == []
    assert number not in [sock.fileno() for sock in opened]
    assert second.fileno() == -1, "closed at the batch's end"
    for sock in (first, first_peer, second_peer, *opened):
        sock.close()


def test_outside_a_turn_close_is_immediate() -> None:
    turner = Turner()
    ours, theirs = pair()
    turner.pump.watch(ours.fileno(), Watching(), IN)
    assert len(turner.pump) == 1
    turner.pump.close(ours)
    assert ours.fileno() == -1
    assert len(turner.pump) == 0
    theirs.close()


def test_who_asks_again_waits_behind_the_events() -> None:
    turner = Turner()
    order: list[str] = []
    ours, theirs = pair()
    bulk = Watching()

    def more() -> None:
        order.append("bulk")
        if order.count("bulk") < 3:
            turner.pump.again(bulk)
        if order.count("bulk") == 1:
            theirs.send(b"x")

    bulk._act = more
    turner.pump.watch(ours.fileno(), Watching(lambda: order.append("small")), STREAM)
    turner.settle()
    order.clear()
    turner.pump.again(bulk)
    turner.settle()
    assert order == ["bulk", "small", "bulk", "bulk"]
    ours.close()
    theirs.close()


def test_asking_twice_runs_once() -> None:
    turner = Turner()
    watching = Watching()
    turner.pump.again(watching)
    turner.pump.again(watching)
    turner.turn()
    assert watching.masks == [0]


class Patient(Watching):
    """Remembers how much was told to another when it was to wait no longer."""

    def __init__(self, pump: Pump, other: Watching) -> None:
        super().__init__(lambda: pump.soon(self))
        self._other = other
        self.met: list[int] = []

    def acknowledge(self) -> None:
        self.met.append(len(self._other.masks))


def test_who_is_patient_waits_for_what_the_next_round_brings(turner: Turner) -> None:
    pump = turner.pump
    (ours, theirs), (late, later) = pair(), pair()
    other = Watching()
    pump.watch(late.fileno(), other, IN)
    patient = Patient(pump, other)
    pump.watch(ours.fileno(), patient)
    theirs.send(b"x")
    ready = Watching(lambda: later.send(b"x"))
    pump.again(ready)  # so that it comes while the first round goes on
    turner.until(lambda: patient.met)
    assert (ready.masks, patient.met) == ([0], [1])
    for sock in (ours, theirs, late, later):
        sock.close()


def test_nobody_is_patient_while_there_is_nothing_to_do(turner: Turner) -> None:
    ours, theirs = pair()
    patient = Patient(turner.pump, Watching())
    turner.pump.watch(ours.fileno(), patient)
    theirs.send(b"x")
    turner.turn()
    assert patient.met == [0]
    ours.close()
    theirs.close()


def test_endless_work_leaves_the_reactor_its_turn() -> None:
    turner = Turner()
    bulk = Watching()
    bulk._act = lambda: turner.pump.again(bulk)
    turner.pump.again(bulk)
    turner.pump.turn()
    assert len(bulk.masks) == ROUNDS
    assert turner.reactor.getDelayedCalls(), "and it has asked to come back"


def test_a_bug_ends_its_session_and_not_the_gateway() -> None:
    turner = Turner()
    culprit, bystander = Watching(lambda: 1 / 0), Watching()
    socks = [pair(), pair()]
    with logged() as log:
        for (ours, theirs), watcher in zip(socks, (culprit, bystander), strict=True):
            turner.pump.watch(ours.fileno(), watcher, STREAM)
            theirs.send(b"x")
        turner.pump.again(culprit)
        turner.turn()
    assert culprit.crashes == 2
    assert bystander.masks
    assert log.tracebacks == 2
    for ours, theirs in socks:
        ours.close()
        theirs.close()


def test_stopping_closes_the_epoll_only() -> None:
    turner = Turner()
    ours, theirs = pair()
    turner.pump.watch(ours.fileno(), Watching(), IN)
    turner.pump.stop()
    os.fstat(ours.fileno())
    ours.close()
    theirs.close()


def test_a_close_that_fails_does_not_keep_the_others_open(turner: Turner) -> None:
    """Nor end the pump: the reactor forgets a reader that raises."""

    class Odd(socket.socket):
        def close(self) -> None:
            super().close()
            raise OSError(errno.EIO, "odd")

    class Closing:
        def run(self) -> None:
            turner.pump.close(odd)
            turner.pump.close(other)

        def crashed(self) -> None:
            raise NotImplementedError

    odd, other = Odd(), socket.socket()
    turner.pump.again(Closing())
    turner.turn()
    assert (odd.fileno(), other.fileno()) == (-1, -1)


def test_its_pulse_begins_with_work_and_ends_with_it() -> None:
    reactor = HandTurned()
    pulse = Beating(reactor)
    pump = Pump(reactor, pulse)
    assert pulse.rests and not reactor.getDelayedCalls()
    reactor.advance(60)
    pump.turn()
    assert not pulse.rests and pulse.turned
    assert pulse.beat == 60, "it is known what time it is before anything is done"
    pump.stop()
    assert not reactor.getDelayedCalls()
