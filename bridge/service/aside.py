"""
What takes long and is computed, not waited for: done in a thread, beside the pump.

Python lets one thread run at a time, and one that computes gives way only when it is
asked to: meanwhile it is asked more often than usual.  What is done aside is given
values and gives values back; it touches nothing that runs, and logs nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorThreads
from twisted.internet.threads import deferToThreadPool

from bridge.net.pump import Reactor

T = TypeVar("T")

GIVES_WAY = 0.0002
"""
Seconds after which the thread lets the pump go on (sys.setswitchinterval).  The pump
may wait so long after each of its system calls; by default it is 5 ms.
"""


class Aside:
    """The threads of *reactor*."""

    def __init__(self, reactor: Reactor) -> None:
        self._reactor = cast(IReactorThreads, reactor)

    def __call__(self, work: Callable[[], T]) -> Deferred[T]:
        """What *work* returns.  Fails with what it raises."""

        def giving() -> T:
            with giving_way():
                return work()

        pool = self._reactor.getThreadPool()
        done: Deferred[T] = deferToThreadPool(self._reactor, pool, giving)
        return done


@contextmanager
def giving_way() -> Iterator[None]:
    """This thread computes, and others have something to do meanwhile."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(GIVES_WAY)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
