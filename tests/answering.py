"""A gateway that says what the test has it say, for commands of ``bridgectl``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bridge.control.ask import Gateway
from bridge.control.bridgectl import main
from bridge.control.commands import CommandError
from bridge.control.orders import checked

Answer = dict[str, Any]

SESSION: Answer = {
    "session": "abc-1",
    "worker": 0,
    "front": "web",
    "farm": "web",
    "server": "b",
    "state": "open",
    "client": "2001:db8::1",
    "client_port": 50000,
    "seconds": {"total": 75.0},
    "bytes": {"up": 100, "down": 2048, "held": 0},
}
"""As ``sessions`` lists one."""


class Answering:
    """Of each command the answers in turn, the last again and again."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.answers: dict[str, list[Answer | CommandError]] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.paths: list[str] = []
        self._capsys = capsys

    def says(self, command: str, *answers: Answer | CommandError) -> None:
        self.answers[command] = list(answers)

    def ask(self, gateway: Gateway, command: str, **args: Any) -> Answer:
        """In the place of ``Gateway.ask``."""
        given = {key: value for key, value in args.items() if value is not None}
        checked(command, given)
        self.asked.append((command, given))
        self.paths.append(gateway._path)
        told = self.answers[command]
        answer = told.pop(0) if len(told) > 1 else told[0]
        if isinstance(answer, CommandError):
            raise answer
        return answer

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, output, errors."""
        status = main(arguments)
        out, err = self._capsys.readouterr()
        return status, out, err


@pytest.fixture
def answering(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Answering]:
    made = Answering(capsys)
    monkeypatch.setattr(Gateway, "ask", lambda self, *a, **k: made.ask(self, *a, **k))
    yield made
