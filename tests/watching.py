"""
``bridgectl top`` on a terminal of the test's own, and a gateway that says to it what
the test has it say.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import socketserver
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyte

PATIENCE = 60.0
"""Seconds after which it hangs."""


class Terminal:
    """One of so many *columns* and *lines*, on which *command* runs."""

    def __init__(self, *command: str, columns: int = 80, lines: int = 24) -> None:
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.got = b""
        """All that was written there."""
        self._ours, self._its = os.openpty()
        self._set_size(columns, lines)
        self.settings = self.settings_now()
        """Before anything ran there."""
        environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        for name in ("COLUMNS", "LINES", "NO_COLOR"):
            environment.pop(name, None)
        # A session of its own, whose terminal this is: and not ours.
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            stdin=self._its,
            stdout=self._its,
            stderr=self._its,
            env=environment,
        )

    def settings_now(self) -> list[Any]:
        """As tcgetattr(3) has them."""
        return termios.tcgetattr(self._its)

    @property
    def lines(self) -> list[str]:
        """What stands there."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def cursor_shown(self) -> bool:
        return not self._screen.cursor.hidden

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        self._screen.resize(lines, columns)
        self._set_size(columns, lines)

    def resize_to_nothing(self) -> None:
        """As a line without a size has it."""
        self._set_size(0, 0)

    def _set_size(self, columns: int, lines: int) -> None:
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, size)

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Until it holds of what is there."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            shown = f"{self.text}\n{self.process.poll()=}"
            assert time.monotonic() < deadline, f"waited in vain for {what}:\n{shown}"
            self.read(0.05)

    def shows(self, *words: str) -> None:
        """Until all *words* stand there."""
        self.until(lambda: all(each in self.text for each in words), repr(words))

    def read(self, seconds: float = 0.0) -> None:
        while select.select([self._ours], [], [], seconds)[0]:
            data = os.read(self._ours, 1 << 16)
            self.got += data
            self._stream.feed(data)
            seconds = 0.0

    def ended(self) -> int:
        """Its exit code, waited for."""
        self.until(lambda: self.process.poll() is not None, "its end")
        self.read()
        return int(self.process.returncode)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self._ours)
        os.close(self._its)


@contextmanager
def watching(path: Path, *words: str, **size: int) -> Iterator[Terminal]:
    """``bridgectl top`` of the gateway whose socket is at *path*."""
    command = (sys.executable, "-m", "bridge", "top", f"--socket={path}", *words)
    terminal = Terminal(*command, **size)
    try:
        yield terminal
    finally:
        terminal.close()


class Answers:
    """What a gateway says, by command; a command without an answer gets none."""

    def __init__(self, **answers: Any) -> None:
        self.of: dict[str, Any] = answers
        self.asked: list[dict[str, Any]] = []

    def say(self, command: str) -> bytes | None:
        answer = self.of.get(command)
        if answer is None:
            return None
        if isinstance(answer, str):
            return _line({"ok": False, "error": answer})
        return _line({"ok": True, "answer": answer})


def _line(said: dict[str, Any]) -> bytes:
    return json.dumps({"v": 1, **said}).encode() + b"\n"


@contextmanager
def saying(path: Path, answers: Answers) -> Iterator[None]:
    """A gateway that has *answers*, as long as it is there."""

    class One(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                for line in self.rfile:
                    question = json.loads(line)
                    answers.asked.append(question)
                    said = answers.say(question["command"])
                    if said is not None:
                        self.wfile.write(said)

    class Server(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True

        def __init__(self) -> None:
            self.clients: list[Any] = []
            super().__init__(str(path), One)

        def process_request(self, request: Any, client_address: Any) -> None:
            self.clients.append(request)
            super().process_request(request, client_address)

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Whoever went away is gone."""

    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            for each in server.clients:
                with suppress(OSError):
                    each.shutdown(2)
            thread.join()
            path.unlink()
