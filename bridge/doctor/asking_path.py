"""
A search that is under way: its questions are sent, its waits are timed, and what comes
back is told it.

Not here: what is asked (``size_search``), how it is sent (``udp_probe``,
``syn_probe``), the loop around many of them (``path_looking``).
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Protocol

from bridge.doctor.size_search import Answer, Ask, Reached, Search, TooBig, Wait

REST = 1.1
"""Seconds in which Linux is ready to send one more ICMP error to a peer."""
UNKNOWN_LONG, UNKNOWN_SHORT = 0.3, 0.02
"""Seconds, before the round trip is known."""
_MOST_LONG, _MOST_SHORT = 1.0, 0.15
MOST = 300
"""Packets of a search; three times what any needs, unless somebody on the way lies."""


class Probe(Protocol):
    """How one size is sent, and what comes back."""

    @property
    def name(self) -> str: ...
    @property
    def socket(self) -> socket.socket: ...
    def send(self, size: int) -> Answer: ...
    def hear(self) -> Iterator[Answer]: ...
    def close(self) -> None: ...


class Asking:
    """*search*, carried out by *probe* over a path of *rtt* seconds (0: not known)."""

    def __init__(self, probe: Probe, search: Search, rtt: float, now: float) -> None:
        self.search = search
        self.probe = probe
        self.over = False
        """There is nothing more to ask."""
        self.until = now
        """When it is to be told that the time is over."""
        self.sent = 0
        """Packets so far."""
        self._rtt = rtt
        self._since = now
        self._course = search.course()
        self._asked = next(self._course)
        self._send(now)

    def heard(self, now: float) -> None:
        """Something may have come back."""
        for answer in self.probe.hear():
            if self.over:
                return
            if self._is_news(answer):
                self._learn(answer, now)
                self._step(answer, now)

    def late(self, now: float) -> None:
        """Nothing has, in time."""
        if not self.over and now >= self.until:
            self._step(None, now)

    def _is_news(self, answer: Answer) -> bool:
        """No second answer to what has been asked twice."""
        if isinstance(answer, Reached):
            return answer.size > self.search.passes or answer.size == self._asked.size
        if isinstance(answer, TooBig):
            return answer.size == self._asked.size or answer.size < self.search.fails
        return True

    def _learn(self, answer: Answer, now: float) -> None:
        if isinstance(answer, Reached) and answer.size == self._asked.size:
            self._rtt = max(self._rtt, now - self._since)

    def _step(self, answer: Answer, now: float) -> None:
        try:
            self._asked = self._course.send(answer)
        except StopIteration:
            self.over = True
            return
        self._send(now)

    def _send(self, now: float) -> None:
        """The question, and those after it that this host answers itself."""
        while not self.over:
            ask = self._asked
            self._since, self.until = now, now + self._seconds(ask)
            if ask.wait is Wait.REST:
                return
            if self.sent >= MOST:
                self.over = True
                return
            self.sent += 1
            answer = self.probe.send(ask.size)
            if answer is None:
                return
            try:
                self._asked = self._course.send(answer)
            except StopIteration:
                self.over = True

    def _seconds(self, ask: Ask) -> float:
        if ask.wait is Wait.REST:
            return REST
        if ask.wait is Wait.SHORT:
            rtt = self._rtt * 1.5 + 0.004
            return min(_MOST_SHORT, rtt) if self._rtt else UNKNOWN_SHORT
        return min(_MOST_LONG, self._rtt * 3 + 0.1) if self._rtt else UNKNOWN_LONG
