"""The queue for a place at a server: who is told what, and when."""

from __future__ import annotations

from twisted.internet.task import Clock

from bridge.farm.server import Server
from bridge.farm.waiting import Queue
from tests.logged import logged
from tests.servers import server


class Client:
    """Waits, and notes what it is told; a broken one raises as well."""

    key = 0

    def __init__(self, name: str, notes: list[str], broken: bool = False) -> None:
        self.name = name
        self.notes = notes
        self.broken = broken

    def served(self, server: Server) -> None:
        self._note(f"{self.name} at {server.name}")

    def waited_long(self) -> None:
        self._note(f"{self.name} late")

    def stranded(self) -> None:
        self._note(f"{self.name} stranded")

    def _note(self, told: str) -> None:
        self.notes.append(told)
        if self.broken:
            raise RuntimeError(told)


def queue(length: int = 2) -> tuple[Queue, Clock, list[str]]:
    clock = Clock()
    return Queue(clock, 5.0, length), clock, []


def test_no_more_wait_than_may() -> None:
    waiting, clock, notes = queue()
    first, second, third = (Client(name, notes) for name in "abc")
    assert waiting.join(first, 0.0) and waiting.join(second, 0.0)
    assert not waiting.join(third, 0.0)
    waiting.serve(first, server("x"))
    assert waiting.join(third, 0.0)
    assert (notes, waiting.first) == (["a at x"], second)
    waiting.close()
    assert not clock.getDelayedCalls()


def test_each_waits_its_own_time_and_hears_of_it_once() -> None:
    waiting, clock, notes = queue()
    waiting.join(Client("a", notes), clock.seconds())
    clock.advance(3)
    waiting.join(Client("b", notes), clock.seconds())
    clock.advance(2.1)
    assert notes == ["a late"]
    clock.advance(10)
    assert notes == ["a late", "b late"]
    assert not waiting and not clock.getDelayedCalls()


def test_all_are_told_that_there_is_nothing_to_wait_for() -> None:
    waiting, _, notes = queue()
    waiting.join(Client("a", notes, broken=True), 0.0)
    waiting.join(Client("b", notes), 0.0)
    with logged() as log:
        waiting.strand()
    assert notes == ["a stranded", "b stranded"] and not waiting
    assert log.tracebacks == 1
    waiting.close()


def test_the_bug_of_one_who_is_served_is_logged_and_its_own() -> None:
    waiting, _, notes = queue()
    broken = Client("a", notes, broken=True)
    waiting.join(broken, 0.0)
    with logged() as log:
        waiting.serve(broken, server("x"))
    assert notes == ["a at x"] and not waiting
    assert log.tracebacks == 1
    waiting.close()
