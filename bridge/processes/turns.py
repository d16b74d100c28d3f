"""
Reloads one after the other, however many ask at once.

Not here: what a reload does (``supervisor``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

Lines = Sequence[str]
"""What came of it, in words."""


class Turns:
    """
    *reload* is begun for who asks first.  All who ask while it goes on share one more:
    what they want to be read may have been written after it was.

    *reload* is told whether anybody wants the code to be read anew as well, and has to
    return a Deferred.
    """

    def __init__(self, reload: Callable[[bool], Deferred[Lines]]) -> None:
        self._reload = reload
        self._next: Deferred[Lines] | None = None
        self._code = False
        self.busy = False
        self.stopped = False

    def ask(self, code: bool) -> Deferred[Lines]:
        """What comes of it."""
        if not self.busy:
            return self.go(partial(self._reload, code))
        self._code |= code
        if self._next is None:
            self._next = Deferred()
        return copy(self._next)

    def stop(self) -> None:
        """There is no next one: who waits hears of the one that goes on."""
        self.stopped = True

    def go(self, job: Callable[[], Deferred[Lines]]) -> Deferred[Lines]:
        """Have *job* go on as a reload would.  None must."""
        self.busy = True
        going = job()
        answer = copy(going)
        going.addBoth(self._done)
        return answer

    def _done(self, result: Any) -> None:
        self.busy = False
        following, self._next = self._next, None
        code, self._code = self._code, False
        if following is None:
            return
        if self.stopped:
            following.callback(result)
        else:
            self.go(partial(self._reload, code)).chainDeferred(following)


def copy(first: Deferred[Any]) -> Deferred[Any]:
    """Another one that fires as *first* does, which keeps its own outcome."""
    second: Deferred[Any] = Deferred()

    def fired(result: Any) -> Any:
        second.callback(result)
        return result

    def failed(failure: Failure) -> Failure:
        second.errback(failure)
        return failure

    first.addCallbacks(fired, failed)
    return second
