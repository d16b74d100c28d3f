"""
Clients that never rest, and their server, each in a process of its own::

    python -m tests.e2e.loaded serve
    python -m tests.e2e.loaded HOST PORT SHORT LONG PERIOD

The server echoes, and prints its port.  Of the clients, SHORT connect over and over,
each time for one small question; LONG carry bytes both ways for PERIOD seconds, over
and over.  Ten times a second a line of JSON tells what became of them so far
(``Tally``).  When standard input ends, nobody begins anew, and the last line is written
when all are done.

Not here: who starts them (``loading``).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from random import Random
from socket import SHUT_WR, create_connection, socket
from threading import Event, Lock, Thread
from typing import TypedDict

from tests.e2e.gateway import PATIENCE
from tests.e2e.peers import BLOCK, echo, listen, read_all, serving

Where = tuple[str, int]
PIECE = 32 * 1024
PACE = 0.01
"""Seconds between two pieces of a long one."""
TELLS = 0.1
KEPT = 20
"""Errors that are told in words."""


class Tally(TypedDict):
    """What became of connections."""

    short: dict[str, int]
    """Short ones by outcome: done, refused, reset, cut (by a FIN), late, wrong."""
    long: dict[str, int]
    """Likewise."""
    bytes: int
    """What long ones got back."""
    lost: int
    """What they did not get back."""
    errors: list[str]
    """The first few, with the second they came in and their client's port."""
    over: bool
    """All are done."""


class CutError(OSError):
    """A FIN before all had come."""


class WrongError(OSError):
    """Other bytes than those that were sent."""


OUTCOMES: tuple[tuple[type[OSError], str], ...] = (
    (ConnectionRefusedError, "refused"),
    (ConnectionResetError, "reset"),
    (BrokenPipeError, "reset"),
    (TimeoutError, "late"),
    (CutError, "cut"),
    (WrongError, "wrong"),
)


class Clients:
    """All of them, and their tally."""

    def __init__(self, where: Where, period: float) -> None:
        self._where = where
        self._period = period
        self._stopping = Event()
        self._lock = Lock()
        self._began = time.monotonic()
        self._tally = Tally(short={}, long={}, bytes=0, lost=0, errors=[], over=False)

    def run(self, short: int, long: int) -> None:
        """Until standard input ends."""
        kinds = ["short"] * short + ["long"] * long
        threads = [
            Thread(target=self._work, args=(kind, number), daemon=True)
            for number, kind in enumerate(kinds)
        ]
        for thread in (*threads, Thread(target=self._tell, daemon=True)):
            thread.start()
        sys.stdin.read()
        self._stopping.set()
        for thread in threads:
            thread.join(2 * PATIENCE + self._period)
        self._tally["over"] = not any(thread.is_alive() for thread in threads)
        self._say()

    def _tell(self) -> None:
        while not self._stopping.wait(TELLS):
            self._say()

    def _say(self) -> None:
        with self._lock:
            print(json.dumps(self._tally), flush=True)

    def _work(self, kind: str, number: int) -> None:
        chance = Random(number)
        while not self._stopping.is_set():
            if kind == "short":
                outcome = self._one(kind, lambda client: question(client, chance))
            else:
                outcome = self._one(kind, self._carry)
            if outcome == "refused":
                time.sleep(PACE)  # else it would be all that the machine does

    def _one(self, kind: str, talk: Callable[[socket], None]) -> str:
        """A connection's whole life: its outcome."""
        outcome, told, port = "done", "", 0
        try:
            with create_connection(self._where, PATIENCE) as client:
                port = client.getsockname()[1]
                talk(client)
        except OSError as error:
            outcome = next((o for e, o in OUTCOMES if isinstance(error, e)), "other")
            since = time.monotonic() - self._began
            told = f"{since:.2f} s: {kind} from port {port}: {outcome}: {error}"
        with self._lock:
            counts = self._tally["short" if kind == "short" else "long"]
            counts[outcome] = counts.get(outcome, 0) + 1
            if told and len(self._tally["errors"]) < KEPT:
                self._tally["errors"].append(told)
        return outcome

    def _carry(self, client: socket) -> None:
        """Both ways at once, for the period, and then to the last byte."""
        sent = [0]
        ends = time.monotonic() + self._period
        sender = Thread(target=self._send, args=(client, sent, ends), daemon=True)
        sender.start()
        got = 0
        try:
            while part := client.recv(1 << 16):
                if part != pattern(got, len(part)):
                    raise WrongError(f"wrong bytes after {got}")
                got += len(part)
        finally:
            sender.join()
            with self._lock:
                self._tally["bytes"] += got
                self._tally["lost"] += sent[0] - got
        if got < sent[0]:
            raise CutError(f"{sent[0] - got} bytes of {sent[0]} did not come")

    def _send(self, client: socket, sent: list[int], ends: float) -> None:
        try:
            while time.monotonic() < ends and not self._stopping.wait(PACE):
                client.sendall(pattern(sent[0], PIECE))
                sent[0] += PIECE
            client.shutdown(SHUT_WR)
        except OSError:
            pass  # the reader has the same


def question(client: socket, chance: Random) -> None:
    data = BLOCK[: chance.randint(1, 2000)]
    client.sendall(data)
    client.shutdown(SHUT_WR)
    got = read_all(client)
    if got != data[: len(got)]:
        raise WrongError("wrong bytes")
    if got != data:
        raise CutError(f"{len(got)} bytes of {len(data)}")


def pattern(start: int, size: int) -> bytes:
    """*size* bytes, from *start* on, of what all long ones send."""
    start %= 251  # of which BLOCK is made
    return BLOCK[start : start + size]


def main(words: list[str]) -> None:
    if words == ["serve"]:
        listener = listen()
        listener.settimeout(None)
        with serving(listener, echo):
            print(listener.getsockname()[1], flush=True)
            sys.stdin.read()
        return
    host, port, short, long, period = words
    Clients((host, int(port)), float(period)).run(int(short), int(long))


if __name__ == "__main__":
    main(sys.argv[1:])
