"""What is computed in a thread, beside the pump."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, cast

import pytest
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from bridge.net.pump import Reactor
from bridge.service.aside import GIVES_WAY, Aside, giving_way


class Threaded(Clock):
    """A reactor whose pool has a thread for each piece of work."""

    def __init__(self) -> None:
        super().__init__()
        self.called: list[Callable[[], None]] = []

    def getThreadPool(self) -> Threaded:
        return self

    def callInThreadWithCallback(
        self, told: Callable[[bool, Any], None], work: Callable[[], Any]
    ) -> None:
        def run() -> None:
            try:
                told(True, work())
            except Exception:
                told(False, Failure())

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()

    def callFromThread(self, call: Callable[..., Any], *args: Any, **more: Any) -> None:
        self.called.append(lambda: call(*args, **more))

    def turn(self) -> None:
        called, self.called = self.called, []
        for each in called:
            each()


def outcome(work: Callable[[], object]) -> object:
    reactor, found = Threaded(), list[object]()
    Aside(cast(Reactor, reactor))(work).addBoth(found.append)
    assert found == []  # it is told in the reactor's turn
    reactor.turn()
    (result,) = found
    return result


def test_it_is_done_in_another_thread_that_gives_way() -> None:
    found = cast(Any, outcome(lambda: (threading.get_ident(), sys.getswitchinterval())))
    thread, interval = found
    assert thread != threading.get_ident()
    assert interval == pytest.approx(GIVES_WAY, abs=1e-5)


def test_what_it_raises_is_a_failure() -> None:
    failure = outcome(lambda: 1 / 0)
    assert isinstance(failure, Failure) and failure.check(ZeroDivisionError)


def test_afterwards_threads_change_as_seldom_as_before() -> None:
    before = sys.getswitchinterval()
    with pytest.raises(ZeroDivisionError), giving_way():
        assert sys.getswitchinterval() < before
        raise ZeroDivisionError
    assert sys.getswitchinterval() == before
