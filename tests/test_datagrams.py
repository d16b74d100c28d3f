"""Lines as datagrams, to daemons that are slow, gone, and back again."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from bridge.watch.datagrams import MOST, RETRY, Datagrams, bounded
from bridge.watch.outlet import FAILED_RETRY, Outlet
from tests.logged import logged


class Daemon:
    """At a unix socket, or by UDP on loopback."""

    def __init__(self, where: str | tuple[str, int]) -> None:
        family = socket.AF_UNIX
        if not isinstance(where, str):
            family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.bind(where)
        self._socket.setblocking(False)
        name = self._socket.getsockname()
        self.where: str | tuple[str, int] = (
            name if family == socket.AF_UNIX else name[:2]
        )

    def heard(self) -> list[bytes]:
        found = []
        try:
            while True:
                found.append(self._socket.recv(1 << 17))
        except BlockingIOError:
            return found

    def close(self) -> None:
        self._socket.close()
        if isinstance(self.where, str):
            os.unlink(self.where)


@pytest.fixture(params=["unix", "127.0.0.1", "::1"])
def daemon(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Daemon]:
    host = request.param
    made = Daemon(str(tmp_path / "log") if host == "unix" else (host, 0))
    yield made
    made.close()


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(str(tmp_path / "log"))
    yield made
    if os.path.exists(tmp_path / "log"):
        made.close()


def test_each_line_is_a_datagram(daemon: Daemon) -> None:
    target = Datagrams(daemon.where)
    assert target.write(b"one\ntwo\n") == 8
    assert daemon.heard() == [b"one", b"two"]
    target.close()


def test_what_is_too_long_is_cut(daemon: Daemon) -> None:
    target = Datagrams(daemon.where)
    target.write(b"x" * MOST + b"\n" + b"y" * (MOST + 1) + b"\n")
    assert daemon.heard() == [b"x" * MOST, b"y" * (MOST - 3) + b"..."]
    target.close()


def test_what_the_way_does_not_carry_is_cut_further(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.watch.datagrams.MOST", 1 << 20)
    target = Datagrams(daemon.where)
    assert target.write(b"x" * 500_000 + b"\nnext\n") == 500_006
    first, second = daemon.heard()
    assert len(first) == 1024 and first.endswith(b"x...") and second == b"next"
    target.close()


@given(st.text(max_size=40), st.integers(4, 50))
def test_no_character_is_cut_in_half(text: str, most: int) -> None:
    data = text.encode("utf-8", "backslashreplace")
    cut = bounded(data, most)
    assert len(cut) <= most
    cut.decode()
    assert cut == data or data.startswith(cut[:-3])


def test_a_daemon_that_does_not_read_is_not_waited_for(local: Daemon) -> None:
    target = Datagrams(local.where)
    taken = 0
    while target.write(b"x\n"):
        taken += 1
        assert taken < 100_000
    assert len(local.heard()) == taken
    assert target.write(b"x\ny\n") == 4
    target.close()


def test_one_that_is_started_again_is_found_at_once(
    local: Daemon, tmp_path: Path
) -> None:
    target = Datagrams(local.where)
    local.close()
    again = Daemon(str(tmp_path / "log"))
    assert target.write(b"x\n") == 2
    assert again.heard() == [b"x"]
    again.close()
    target.close()


def outlet(target: Datagrams) -> tuple[Clock, Outlet]:
    clock = Clock()
    made = Outlet(target, "access log syslog:/dev/log")
    made.begin(clock)
    return clock, made


def test_what_comes_while_nobody_is_there_waits(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    clock, out = outlet(Datagrams(path))
    with logged() as told:
        out.put("one\n")
        out.put("two\n")
        clock.advance(FAILED_RETRY)
        daemon = Daemon(path)
        clock.advance(FAILED_RETRY)
    assert daemon.heard() == [b"one", b"two"]
    why = "No such file or directory"
    assert told.lines == [
        f"{out.name}: {why}; lines wait, and are dropped when they are too many",
        f"{out.name} goes on ({why}): 0 lines were lost",
    ]
    daemon.close()
    out.close()


def test_no_line_is_sent_twice_when_logs_are_opened_anew(local: Daemon) -> None:
    """The outlet joins lines that wait: of those some may be sent already."""
    clock, out = outlet(Datagrams(local.where))
    put, heard = 0, list[bytes]()
    while not out.waiting:
        out.put(f"{put}\n")
        put += 1
    for _ in range(99):
        out.put(f"{put}\n")
        put += 1
    heard += local.heard()
    clock.advance(RETRY)
    out.reopen()
    while out.waiting:
        heard += local.heard()
        clock.advance(RETRY)
    heard += local.heard()
    assert heard == [str(number).encode() for number in range(put)]
    out.close()


def test_by_udp_a_daemon_that_is_gone_is_told_of() -> None:
    daemon = Daemon(("127.0.0.1", 0))
    target = Datagrams(daemon.where)
    daemon.close()
    target.write(b"lost\n")  # the answer comes by ICMP, afterwards
    with pytest.raises(ConnectionRefusedError):
        target.write(b"kept\n")
    again = Daemon(daemon.where)
    assert target.write(b"kept\n") == 5
    assert again.heard() == [b"kept"]
    again.close()
    target.close()


def test_a_way_that_is_none_is_an_error_of_the_outlets() -> None:
    target = Datagrams(("fe80::1%nowhere", 514))
    with pytest.raises(OSError):
        target.write(b"x\n")
    target.close()
    assert not target.is_file("/dev/log")
