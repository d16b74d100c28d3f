"""What all processes of a gateway say to its operator, as if they were one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from twisted.internet.defer import Deferred, fail, succeed

from bridge.control.orders import AnswerError
from bridge.control.peer import Peer
from bridge.processes.generation import Told
from bridge.processes.operator import Operator
from bridge.processes.past import Past
from bridge.processes.supervisor import ReloadError, Supervisor
from bridge.service.logs import Logs
from bridge.watch.log import Log


class FakeGeneration:
    """Whose processes say what they are told to."""

    retiring = False
    restarts = 3

    def __init__(self, number: int, *says: Told) -> None:
        self.number = number
        self._says = says
        self.asked: list[str] = []

    def ask(self, command: str, args: object) -> list[Deferred[Told]]:
        self.asked.append(command)
        return [succeed(told) for told in self._says]

    def describe(self) -> list[dict[str, Any]]:
        return [{"worker": 0, "pid": 17}]


class FakeSupervisor:
    """Of a generation that accepts and others that retire."""

    def __init__(self, current: FakeGeneration, *others: FakeGeneration) -> None:
        self.current = current
        self.others = others
        self.reloads: list[bool] = []
        self.refusal: Exception | None = None

    def reload(self, *, code: bool) -> Deferred[Sequence[str]]:
        self.reloads.append(code)
        return succeed(["a line"]) if self.refusal is None else fail(self.refusal)


def killed(worker: int) -> Told:
    return Told(worker, {"killed": "a-1", "worker": worker})


def state(worker: int) -> Told:
    return Told(worker, {"lines": [f"line {worker}"], "worker": worker})


def status(worker: int) -> Told:
    said = {
        "draining": False,
        "sessions": 1,
        "most": 10,
        "limit": None,
        "workers": [{"worker": worker, "pid": 1}],
        "fronts": [],
        "farms": [],
        "logs": [],
    }
    return Told(worker, said)


PAST = Past()


def ask(
    supervisor: FakeSupervisor, command: str, logs: Logs | None = None, **args: Any
) -> Any:
    operator = Operator(cast(Supervisor, supervisor), logs or Logs(Log()), PAST)
    told: list[Any] = []
    done = operator.ask(command, args, Peer(0, 1))
    done.addCallbacks(told.append, lambda failure: told.append(failure.value))
    (answer,) = told
    return answer


def test_all_processes_of_all_generations_are_asked() -> None:
    current, other = FakeGeneration(2, state(0), state(1)), FakeGeneration(1, state(0))
    answer = ask(FakeSupervisor(current, other), "state")
    lines = ["worker 0: line 0", "worker 0: line 0", "worker 1: line 1"]
    assert sorted(answer["lines"]) == lines


def test_one_that_knows_is_enough() -> None:
    nobody = Told(0, None, "there is no session a-1")
    answer = ask(FakeSupervisor(FakeGeneration(1, nobody, killed(1))), "kill")
    assert answer == {"killed": "a-1", "worker": 1}


def test_where_nobody_can_the_first_says_why() -> None:
    nobody = Told(0, None, "there is no session a-1")
    error = ask(FakeSupervisor(FakeGeneration(1, nobody, nobody)), "kill")
    assert isinstance(error, AnswerError) and str(error) == "there is no session a-1"


def test_a_gateway_whose_workers_are_all_dead_says_so() -> None:
    error = ask(FakeSupervisor(FakeGeneration(1)), "status")
    assert isinstance(error, AnswerError) and "no worker" in str(error)


def test_the_status_tells_of_generations() -> None:
    supervisor = FakeSupervisor(FakeGeneration(2, status(0)), FakeGeneration(1))
    answer = ask(supervisor, "status")
    described = {"retires": False, "restarts": 3}
    described["processes"] = [{"worker": 0, "pid": 17}]  # type: ignore[assignment]
    assert answer["generations"] == [{"generation": n} | described for n in (2, 1)]
    assert answer["workers"] == [{"worker": 0, "pid": 1, "generation": 2}]


def test_the_supervisors_own_log_has_the_level_as_well() -> None:
    logs = Logs(Log())
    levels = Told(0, {"level": "debug", "before": "info"})
    ask(FakeSupervisor(FakeGeneration(1, levels)), "log-level", logs, level="debug")
    assert logs.level == "debug"


def test_a_reload_says_what_has_changed() -> None:
    supervisor = FakeSupervisor(FakeGeneration(1))
    assert ask(supervisor, "reload") == {"lines": ["a line"]}
    assert ask(supervisor, "upgrade") == {"lines": ["a line"]}
    assert supervisor.reloads == [False, True]
    assert supervisor.current.asked == []


def test_a_reload_that_fails_says_why_in_one_line() -> None:
    supervisor = FakeSupervisor(FakeGeneration(1))
    supervisor.refusal = ReloadError("a:1:1: is wrong\n  x\n  ^")
    error = ask(supervisor, "reload")
    assert isinstance(error, AnswerError)
    assert str(error) == "a:1:1: is wrong (the gateway's log has all of it)"


def test_the_configuration_is_that_of_those_who_accept() -> None:
    old = FakeGeneration(1, Told(0, {"leaves": [["a", "1"]]}))
    new = FakeGeneration(2, *(Told(n, {"leaves": [["a", "2"]]}) for n in (0, 1)))
    answer = ask(FakeSupervisor(new, old), "config", salt="00")
    assert answer == {"leaves": [["a", "2"]]}
    assert old.asked == []


def test_of_paths_it_adds_what_is_odd_on_this_host() -> None:
    says = Told(0, {"fronts": {}, "farms": {}})
    supervisor: Any = FakeSupervisor(FakeGeneration(1, says))
    operator = Operator(supervisor, Logs(Log()), PAST, lambda: ["a warning"])
    answers: list[Any] = []
    operator.ask("path", {}, Peer(0, 1)).addCallback(answers.append)
    assert answers == [{"fronts": {}, "farms": {}, "warnings": ["a warning"]}]
