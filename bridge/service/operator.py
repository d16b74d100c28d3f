"""
What the one process of ``workers: 1`` is asked by its operator.

Not here: what it says (``answers``), and who may ask (``control.admin``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, fail

from bridge.control.merge import merge
from bridge.control.orders import Answer, AnswerError
from bridge.control.peer import Peer
from bridge.control.slices import Slices

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from bridge.service.answers import Answers

SUPERVISED = ("reload", "upgrade")
"""What is not for a process to answer that serves sessions."""


class Operator:
    """Has *answers* say what is asked, in slices."""

    def __init__(self, clock: IReactorTime, answers: Answers) -> None:
        self._slices = Slices(clock)
        self._answers = answers

    def ask(self, command: str, args: dict[str, Any], peer: Peer) -> Deferred[Answer]:
        """For an AdminSocket."""
        if command in SUPERVISED:
            return fail(AnswerError(f"{command} is not built yet: restart the gateway"))
        done = self._slices.run(self._answers.steps(command, args))
        return done.addCallback(lambda answer: merge(command, args, [answer]))
