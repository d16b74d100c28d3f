"""Packets between the supervisor and a nursery."""

import os
import socket

import pytest

from bridge.processes.packets import Packets, pair
from tests.logged import logged
from tests.pumping import HandTurned


class Bench:
    def __init__(self) -> None:
        self.reactor = HandTurned()
        self.heard: list[str] = []
        self.over = 0
        ours, self.theirs = pair()
        self.packets = Packets(self.reactor, ours, self._hear, self._over)

    def _hear(self, text: str) -> None:
        if text == "buggy":
            raise ZeroDivisionError
        self.heard.append(text)

    def _over(self) -> None:
        self.over += 1

    def turn(self) -> None:
        for reader in tuple(self.reactor.readers):
            reader.doRead()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_packets_arrive_whole_and_descriptors_with_them(bench: Bench) -> None:
    reading, writing = os.pipe()
    assert bench.packets.send("fork 1", [writing])
    os.close(writing)
    data, (fd,), _, _ = socket.recv_fds(bench.theirs, 100, 4)
    os.write(fd, b"through")
    assert (data, os.read(reading, 100)) == (b"fork 1", b"through")
    bench.theirs.send(b"ready")
    bench.theirs.send("forked \xe4".encode("latin-1"))
    bench.turn()
    bench.turn()
    bench.turn()  # nothing more
    assert bench.heard == ["ready", "forked \ufffd"]
    for each in (fd, reading):
        os.close(each)
    bench.theirs.close()
    bench.packets.close()


def test_the_other_end_may_be_gone(bench: Bench) -> None:
    bench.theirs.close()
    assert not bench.packets.send("quit")
    bench.turn()
    assert (bench.over, bench.reactor.readers) == (1, [])
    assert not bench.packets.send("quit")
    bench.packets.close()
    assert bench.packets.fileno() == -1


def test_a_bug_of_who_hears_is_not_the_end(bench: Bench) -> None:
    bench.theirs.send(b"buggy")
    bench.theirs.send(b"more")
    with logged() as log:
        bench.turn()
        bench.turn()
    assert bench.heard == ["more"] and log.lines[0].startswith("A bug")
    bench.theirs.close()
    bench.packets.close()
