"""Clients whose handshakes take their time notice no change of generation."""

from __future__ import annotations

import errno
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.netlab import Host, Lab, Lossy
from tests.netlab.fixtures import laboratory

PATIENCE = 20.0
PORT = 8000


class Far:
    """Clients of *host*, so many at any time: each connects, asks, and is answered."""

    def __init__(self, host: Host, where: str, count: int) -> None:
        self._host = host
        self._where = where
        self._waits = selectors.DefaultSelector()
        self.answered = 0
        self.failed: list[str] = []
        for _ in range(count):
            self._begin()

    def _begin(self) -> None:
        client = self._host.socket(socket.AF_INET6)
        client.setblocking(False)
        client.connect_ex((self._where, PORT))
        self._waits.register(client, selectors.EVENT_WRITE)

    @property
    def shaking(self) -> int:
        """How many are amid their handshake."""
        keys = self._waits.get_map().values()
        return sum(key.events == selectors.EVENT_WRITE for key in keys)

    def turn(self, again: bool = True) -> None:
        """Go on with those who are ready; who is done comes *again*."""
        for key, _ in self._waits.select(0.05):
            client = key.fileobj
            assert isinstance(client, socket.socket)
            if key.events == selectors.EVENT_WRITE:
                error = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not error:
                    client.send(b"?")
                    self._waits.modify(client, selectors.EVENT_READ)
                    continue
                answer = errno.errorcode[error]
            else:
                answer = self._read(client)
            if answer == "?":
                self.answered += 1
            else:
                self.failed.append(answer)
            self._waits.unregister(client)
            client.close()
            if again:
                self._begin()

    def _read(self, client: socket.socket) -> str:
        try:
            return client.recv(1).decode() or "FIN"
        except OSError as error:
            return errno.errorcode[error.errno or 0]

    def finish(self) -> None:
        """Nobody comes again; until the last is answered."""
        until = time.monotonic() + PATIENCE
        while self._waits.get_map():
            assert time.monotonic() < until, "somebody has no answer"
            self.turn(again=False)
        self._waits.close()


@contextmanager
def handing(lab: Lab) -> Iterator[subprocess.Popen[str]]:
    """The program of that name, on the gateway."""
    program = lab.gateway.popen(
        [sys.executable, "-m", "tests.e2e.handing", f"[{lab.front_address}]:{PORT}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    try:
        yield program
    finally:
        lab.gateway.stop(program)


def ask(program: subprocess.Popen[str], count: int) -> int:
    """The next generation, of so many sockets; how many it has."""
    assert program.stdin is not None and program.stdout is not None
    program.stdin.write(f"{count}\n")
    return int(program.stdout.readline())


@pytest.mark.parametrize("cookies", [1, 2])
def test_no_handshake_is_lost_from_generation_to_generation(cookies: int) -> None:
    """The kernel sends SYN cookies when it must, or (2) always."""
    link = Lossy(delay=0.02)
    with laboratory(front_link=link) as lab, handing(lab) as program:
        lab.gateway.sysctl(ipv4__tcp_syncookies=cookies, ipv4__tcp_migrate_req=0)
        assert ask(program, 2) == 2
        far = Far(lab.client, lab.front_address, 40)
        for count in (2, 3, 4, 2, 1, 4) * 3:
            enough = far.answered + 40
            while far.answered < enough or not far.shaking:
                far.turn()
            ask(program, count)
        far.finish()
    assert far.failed == []
    assert far.answered > 18 * 40
