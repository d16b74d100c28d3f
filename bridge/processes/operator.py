"""
What the operator of a gateway asks, of all its processes as if they were one.

Here: what is the supervisor's to answer, and putting the answers of the others
together.  Not here: what each of them says (``service.answers``), and who may ask
(``control.admin``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.python.failure import Failure

from bridge.control.merge import Part, merge
from bridge.control.orders import Answer, AnswerError
from bridge.control.peer import Peer
from bridge.processes.generation import Generation, Told
from bridge.processes.past import Past
from bridge.processes.supervisor import ReloadError, Supervisor
from bridge.service.logs import Logs

RELOADS: Mapping[str, bool] = {"reload": False, "upgrade": True}
"""The commands that are for the supervisor alone; whether each wants new code."""


class Operator:
    """
    Of *supervisor*, whose own process has *logs*; *past* has what those counted who
    have ended, and *warnings* says what is odd with the configuration on this host.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        logs: Logs,
        past: Past,
        warnings: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._supervisor = supervisor
        self._logs = logs
        self._past = past
        self._warnings = warnings

    def ask(self, command: str, args: dict[str, Any], peer: Peer) -> Deferred[Answer]:
        """For an AdminSocket."""
        if command in RELOADS:
            return self._reload(RELOADS[command])
        supervisor = self._supervisor
        everybody = (supervisor.current, *supervisor.others)
        if command == "config":  # which the others have another one of
            everybody = (supervisor.current,)
        asked = [
            told.addCallback(_part, generation)
            for generation in everybody
            for told in generation.ask(command, args)
        ]
        together: Deferred[Any] = gatherResults(asked, consumeErrors=True)
        return together.addCallback(self._merged, command, args)

    def _reload(self, code: bool) -> Deferred[Answer]:
        def refused(failure: Failure) -> Answer:
            failure.trap(ReloadError)
            raise AnswerError(_in_one_line(str(failure.value)))

        going: Deferred[Any] = self._supervisor.reload(code=code)
        return going.addCallbacks(lambda lines: {"lines": list(lines)}, refused)

    def _merged(
        self, parts: Sequence[Part], command: str, args: Mapping[str, Any]
    ) -> Answer:
        answer = merge(command, args, parts)
        if command == "status":
            answer["fronts"] = self._past.with_it(answer["fronts"])
            everybody = (self._supervisor.current, *self._supervisor.others)
            answer["generations"] = [_described(each) for each in everybody]
        elif command == "path":
            answer["warnings"] = list(self._warnings())
        elif command == "log-level":
            self._logs.level = args["level"]
        return answer


def _part(told: Told, generation: Generation) -> Part:
    answer = told.answer
    if answer is None:
        return AnswerError(told.error)
    for worker in answer.get("workers", ()):
        worker["generation"] = generation.number
    return answer


def _described(generation: Generation) -> Answer:
    return {
        "generation": generation.number,
        "retires": generation.retiring,
        "restarts": generation.restarts,
        "processes": generation.describe(),
    }


def _in_one_line(text: str) -> str:
    """The first of several things that are wrong, and that there are more."""
    first, *others = text.splitlines()
    return f"{first} (the gateway's log has all of it)" if others else first
