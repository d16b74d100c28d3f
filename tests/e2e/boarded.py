"""
Gateways in processes of their own that count on one board, for the test of limits over
several: each on a port of its own, so that the test says who comes to which.

Run as ``python -m tests.e2e.boarded FD COLUMN FILE``: until its input ends.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from twisted.internet.protocol import Protocol
from twisted.internet.stdio import StandardIO
from twisted.logger import globalLogBeginner, textFileLogObserver

from bridge.config.reader import parse
from bridge.net.board import Board
from bridge.service.gateway import Gateway
from bridge.service.logs import Logs
from bridge.service.own_listeners import OwnListeners
from bridge.service.sockets import Sockets
from bridge.watch.log import Log
from tests.e2e.gateway import PATIENCE, Configuration

ROOT = Path(__file__).parent.parent.parent


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


class Worker:
    """One of them, with *configuration* but for where its only front listens."""

    def __init__(
        self, board: Board, number: int, folder: Path, configuration: Configuration
    ) -> None:
        self.number = number
        self.address = ("127.0.0.1", free_port())
        (front,) = configuration["fronts"].values()
        front["listen"] = "{}:{}".format(*self.address)
        file = folder / f"{number}.yaml"
        file.write_text(json.dumps(configuration))
        module = [sys.executable, "-m", "tests.e2e.boarded"]
        self.process = subprocess.Popen(
            [*module, str(board.fd), str(number), str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[board.fd],
            cwd=ROOT,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.close()

    def close(self) -> None:
        with self.process:
            assert self.process.stdin is not None
            self.process.stdin.close()


class Server:
    """
    Answers a byte with a byte, and counts whom it has at a time.

    Whom it has is counted less before it ends a connection, so nobody can have known
    earlier that there is room.
    """

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._lock = threading.Lock()
        self.here = self.most = self.served = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def where(self) -> str:
        return "{}:{}".format(*self._listening.getsockname())

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            with self._lock:
                self.here += 1
                self.most = max(self.most, self.here)
            threading.Thread(target=self._serve, args=[sock], daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock:
            try:
                asked = sock.recv(1)
            except OSError:
                asked = b""
            with self._lock:
                self.here -= 1
                self.served += bool(asked)
            if asked:
                sock.sendall(asked)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


class _Ends(Protocol):
    """The test has closed our input, or is gone: *stop*."""

    def __init__(self, stop: Callable[[], object]) -> None:
        self._stop = stop

    def connectionLost(self, reason: object = None) -> None:
        self._stop()


def main(fd: int, column: int, file: Path) -> None:
    from twisted.internet import reactor  # noqa: TID251  # of its own process

    reactor.seconds = time.monotonic  # type: ignore[method-assign]  # as in tap
    globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stderr)], False, False)
    config, own = parse(file.read_text()).config, cast(Any, reactor)
    gateway = Gateway(
        config,
        own,
        OwnListeners(config, Sockets({})),
        Logs(Log()),
        column=Board.open(fd).column(column),
    )
    gateway.privilegedStartService()
    gateway.startService()
    StandardIO(_Ends(own.stop))
    print("ready", flush=True)
    own.run()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
