"""What a gateway without supervisor says to its operator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest
from twisted.internet.task import Clock

from bridge.control.orders import Answer, AnswerError
from bridge.control.peer import Peer
from bridge.control.slices import Steps
from bridge.service.answers import Answers
from bridge.service.operator import SUPERVISED, Operator


class Slow:
    """Answers in two steps, or refuses in the second."""

    def steps(self, command: str, args: Mapping[str, Any]) -> Steps[Answer]:
        yield
        if command == "kill":
            raise AnswerError("there is no session x")
        return {"worker": 0, "servers": []}


def asked(command: str) -> list[object]:
    clock, told = Clock(), list[object]()
    operator = Operator(clock, cast(Answers, Slow()))
    done = operator.ask(command, {}, Peer(0, 1))
    done.addCallbacks(told.append, lambda failure: told.append(failure.value))
    clock.pump([0, 0, 0])
    return told


def test_an_answer_comes_when_its_steps_are_taken_as_if_of_many() -> None:
    assert asked("servers") == [{"servers": []}]


def test_a_refusal_is_one_of_an_answer() -> None:
    (error,) = asked("kill")
    assert isinstance(error, AnswerError) and "no session x" in str(error)


@pytest.mark.parametrize("command", SUPERVISED)
def test_what_needs_a_supervisor_is_refused(command: str) -> None:
    (error,) = asked(command)
    assert isinstance(error, AnswerError) and command in str(error)
