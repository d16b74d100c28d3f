"""One generation after the other: a reload changes everything, or nothing."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Collection
from typing import Any

import pytest
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from bridge.config import ConfigError, Document, parse
from bridge.processes import supervisor as module
from bridge.processes.generation import Place, StartError, Told, workers_of
from bridge.processes.parties import Reading
from bridge.processes.supervisor import DAY, ReloadError, Supervisor
from bridge.service.listening import ListenError
from tests.logged import logged

TLS = ", tls: {certificates: [{certificate: a.pem, key: a.key}]}"


def document(to: str = "a", *, workers: int | str = 1, tls: str = "") -> Document:
    return parse(
        f'fronts: {{web: {{listen: "[::1]:80", to: {to}{tls}}}}}\n'
        "farms: {a: {servers: [192.0.2.1:80]}, b: {servers: [192.0.2.2:80]}}\n"
        f"workers: {workers}\n"
    )


class FakePlan:
    """What a configuration would have bound."""

    def __init__(self, calls: list[str], document_workers: int) -> None:
        self._calls = calls
        self.workers = document_workers
        self.gone = frozenset({"tcp [::1]:81"})

    def listen(self) -> None:
        self._calls.append("listen")

    def commit(self) -> None:
        self._calls.append("commit")

    def abandon(self) -> None:
        self._calls.append("abandon")


class FakeSockets:
    def __init__(self, calls: list[str]) -> None:
        self._calls = calls
        self.taken = False

    def plan(self, config: object, workers: int) -> FakePlan:
        if self.taken:
            raise ListenError("front web cannot listen")
        self._calls.append(f"plan {workers}")
        return FakePlan(self._calls, workers)

    def let_go(self) -> None:
        self._calls.append("let go")

    def close(self) -> None:
        self._calls.append("close")


class FakeGeneration:
    """Its start fires when the test says so."""

    def __init__(self, number: int, document: Document, calls: list[str]) -> None:
        self.number = number
        self.document = document
        self.restarts = 0
        self.retiring = False
        self.ended: Deferred[None] = Deferred()
        self.starting: Deferred[None] = Deferred()
        self.gone: Collection[str] = ()
        self._calls = calls

    def _call(self, what: str) -> None:
        self._calls.append(f"{self.number} {what}")

    def start(self) -> Deferred[None]:
        self._call("starts")
        return self.starting

    def accepts(self) -> None:
        self.starting.callback(None)

    def retire(self, gone: Collection[str], patient: bool = False) -> None:
        self.retiring, self.gone = True, gone
        self._call("retires patiently" if patient else "retires")

    def stop(self) -> None:
        self._call("stops")

    def hurry(self) -> None:
        self._call("hurries")
        if not self.starting.called:
            self.starting.errback(StartError("it is over"))
        self.end()

    def end(self) -> None:
        if not self.ended.called:
            self.ended.callback(None)

    def ask(self, command: str, args: object) -> list[Deferred[Told]]:
        return [succeed(Told(0, {}))]

    def reload_files(self) -> None:
        self._call("reads files")

    def reopen_logs(self) -> None:
        self._call("reopens")

    def in_short(self) -> str:
        return "well"

    def places(self) -> list[Place]:
        return []

    def tell_state(self) -> None:
        self._call("tells")

    def describe(self) -> list[dict[str, Any]]:
        return []


class Bench:
    """A supervisor with everything made up around it."""

    def __init__(self, first: Document | None = None) -> None:
        self.calls: list[str] = []
        self.clock = Clock()
        self.sockets = FakeSockets(self.calls)
        self.made: list[FakeGeneration] = []
        self.next: Document | ConfigError = first or document()
        self.calls_away = 0
        self.failed: list[str] = []
        self.notified: list[str] = []
        made: Any = self
        self.supervisor = Supervisor(
            first or document(),
            self.clock,
            made.sockets,
            made,
            made,
            self._away,
            read=self._read,
            failed=self.failed.append,
        )
        self.supervisor.privilegedStartService()

    def start(self) -> None:
        self.supervisor.startService()
        self.made[0].accepts()
        self.calls.clear()

    def _read(self) -> Reading:
        if isinstance(self.next, ConfigError):
            raise self.next
        return Reading(self.next, ("it is odd",))

    def _away(self, work: Callable[[], Any]) -> Deferred[Any]:
        self.calls_away += 1
        return maybeDeferred(work)

    # A maker

    def own(self, document: Document) -> FakeGeneration:
        self.calls.append("own")
        return self.forked(1, document, None, None)

    def forked(
        self, number: int, document: Document, plan: object, before: object
    ) -> FakeGeneration:
        made = FakeGeneration(number, document, self.calls)
        self.made.append(made)
        return made

    def took_over(
        self, generation: FakeGeneration, before: FakeGeneration | None
    ) -> None:
        self.calls.append(f"{generation.number} took over")

    def reload_files(self) -> None:
        self.calls.append("the maker reads files")

    def stop(self) -> None:
        self.calls.append("no more")

    # Who is notified

    def ready(self, status: Callable[[], str]) -> None:
        self.notified.append("ready")

    def reloading(self) -> None:
        self.notified.append("reloading")

    def stopping(self, within: float) -> None:
        self.notified.append("stopping")

    # What a test does

    def reload(self, *, code: bool = False) -> list[Any]:
        found: list[Any] = []
        self.supervisor.reload(code=code).addBoth(found.append)
        return found

    def follow(self, to: str) -> None:
        """A whole reload."""
        self.next = document(to)
        found = self.reload()
        self.made[-1].accepts()
        assert isinstance(found[0], list)


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.start()
    return made


def why(found: list[Any]) -> str:
    (failure,) = found
    assert isinstance(failure, Failure) and failure.check(ReloadError)
    return str(failure.value)


def test_the_first_generation_is_bound_before_anything_starts() -> None:
    bench = Bench()
    assert bench.calls == ["own"]
    bench.supervisor.startService()
    assert bench.notified == []
    bench.made[0].accepts()
    assert bench.calls[1:] == ["1 starts", "1 took over"]
    assert bench.notified == ["ready"]


def test_several_workers_are_planned_for() -> None:
    assert Bench(document(workers=3)).calls == ["plan 3", "listen", "commit"]


def test_a_first_generation_that_cannot_start_is_told() -> None:
    bench = Bench(document(workers=2))
    bench.supervisor.startService()
    bench.made[0].starting.errback(StartError("no process"))
    assert bench.failed == ["no process"] and bench.notified == []


def test_a_reload_may_be_quicker_than_the_start() -> None:
    bench = Bench(document(workers=2))
    bench.supervisor.startService()
    bench.follow("b")
    bench.made[0].starting.errback(StartError("no process"))
    assert bench.failed == [] and bench.supervisor.current is bench.made[1]


def test_the_old_one_retires_once_the_new_one_accepts(bench: Bench) -> None:
    bench.next = document("b")
    found = bench.reload()
    assert bench.calls == ["plan 1", "listen", "2 starts"] and found == []
    bench.calls.clear()
    with logged() as log:
        bench.made[1].accepts()
    assert bench.calls == ["commit", "2 took over", "1 retires"]
    assert bench.made[0].gone == {"tcp [::1]:81"}
    assert found == [["fronts.web.to: a → b", "generation 2 has taken over"]]
    assert log.lines[0] == "reload: fronts.web.to: a → b"
    assert bench.calls_away == 1
    assert bench.notified == ["ready", "reloading", "ready"]
    with logged() as log:
        bench.made[0].end()
    assert log.lines == ["generation 1 has ended"]
    assert bench.supervisor.others == []


def test_nothing_new_means_that_files_are_read_again(bench: Bench) -> None:
    with logged() as log:
        (lines,) = bench.reload()
    assert bench.calls == ["1 reads files", "the maker reads files"]
    assert "as it was" in lines[0]
    assert log.lines[0] == "it is odd"


def test_new_code_is_taken_though_nothing_else_is_new(bench: Bench) -> None:
    bench.reload(code=True)
    assert bench.calls == ["plan 1", "listen", "2 starts"]


def test_a_broken_file_changes_nothing(bench: Bench) -> None:
    with pytest.raises(ConfigError) as caught:
        parse("fronts: 1")
    bench.next = caught.value
    with logged() as log:
        found = bench.reload()
    assert why(found) == str(caught.value)
    assert log.lines[-1] == "reload failed: the gateway goes on as it was"
    assert bench.calls == [] and bench.notified == ["ready", "reloading", "ready"]


def test_an_address_that_is_taken_changes_nothing(bench: Bench) -> None:
    bench.next, bench.sockets.taken = document("b"), True
    with logged():
        assert why(bench.reload()) == "front web cannot listen"
    assert bench.calls == []
    bench.sockets.taken = False
    bench.follow("b")


def test_workers_that_cannot_start_change_nothing(bench: Bench) -> None:
    bench.next = document("b")
    found = bench.reload()
    with logged():
        bench.made[1].starting.errback(StartError("no process"))
    assert "cannot start: no process" in why(found)
    assert bench.calls == ["plan 1", "listen", "2 starts", "abandon"]
    bench.made[1].end()
    assert bench.supervisor.current is bench.made[0]
    assert bench.supervisor.others == []
    bench.follow("b")
    assert bench.supervisor.current is bench.made[2]


def test_a_bug_changes_nothing_and_is_not_the_end_of_reloads(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def buggy(*args: object) -> None:
        raise ZeroDivisionError

    bench.next = document("b")
    with monkeypatch.context() as patched, logged():
        patched.setattr(bench, "forked", buggy)
        assert "a bug in the gateway" in why(bench.reload())
    assert bench.calls == ["plan 1", "listen", "abandon"]
    bench.follow("b")


def test_a_reload_tells_which_sockets_it_makes_anew() -> None:
    every = 'fronts: {web: {listen: "[::]:80", to: a, dual_stack: %s}}\n'
    farm = "farms: {a: {servers: [192.0.2.1:80]}}\n"
    bench = Bench(parse(every % "false" + farm))
    bench.start()
    bench.next = parse(every % "true" + farm)
    with logged() as log:
        found = bench.reload()
        bench.made[1].accepts()
    told = "fronts.web: [::]:80 gets another socket, plain → dual"
    assert told in found[0]
    assert f"reload: {told}" in log.lines


def test_many_that_ask_at_once_share_one_more_reload(bench: Bench) -> None:
    bench.next = document("b")
    first = bench.reload()
    others = [bench.reload() for _ in range(9)]
    bench.next = document("a")
    bench.made[1].accepts()
    assert len(first) == 1 and len(bench.made) == 3
    bench.made[2].accepts()
    assert all(found == others[0] != [] for found in others)
    assert others[0][0][0] == "fronts.web.to: b → a"
    assert len(bench.made) == 3


def test_the_failure_of_the_first_is_not_that_of_the_next(bench: Bench) -> None:
    bench.next = document("b")
    first, second = bench.reload(), bench.reload()
    with logged():
        bench.made[1].starting.errback(StartError("no process"))
    assert why(first) and second == []
    bench.made[2].accepts()
    assert second[0][-1] == "generation 3 has taken over"


def test_without_a_file_there_is_nothing_to_read_again() -> None:
    bench = Bench()
    bench.start()
    bench.supervisor._read = None
    with logged():
        assert "no configuration file" in why(bench.reload())


def test_the_oldest_of_too_many_ends_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    for to in ("b", "a", "b"):
        bench.follow(to)
    assert "1 hurries" in bench.calls and "2 hurries" not in bench.calls


def test_a_stop_waits_for_all_generations(bench: Bench) -> None:
    bench.follow("b")
    bench.calls.clear()
    done: list[object] = []
    bench.supervisor.stopService().addCallback(done.append)
    assert bench.calls == ["let go", "1 stops", "2 stops"]
    assert bench.notified[-1] == "stopping"
    assert why(bench.reload()) == "the gateway is stopping"
    bench.made[0].end()
    assert done == []
    bench.made[1].end()
    assert len(done) == 1 and bench.calls[-2:] == ["no more", "close"]
    assert bench.clock.getDelayedCalls() == []


def test_a_stop_in_the_middle_of_a_reload_ends_all(bench: Bench) -> None:
    bench.next = document("b")
    found = bench.reload()
    bench.supervisor.stopService()
    with logged():
        bench.made[1].accepts()
    assert why(found) == "the gateway is stopping"
    assert "abandon" in bench.calls and "1 retires" not in bench.calls
    assert "2 stops" in bench.calls


@pytest.mark.parametrize("before", [True, False])
def test_a_second_signal_hurries_all(bench: Bench, before: bool) -> None:
    bench.follow("b")
    done: list[object] = []
    if before:
        bench.supervisor.hurry()
        assert "1 hurries" not in bench.calls
    bench.supervisor.stopService().addCallback(done.append)
    if not before:
        bench.supervisor.hurry()
    assert {"1 hurries", "2 hurries"} <= set(bench.calls)
    assert len(done) == 1


def test_keys_of_tickets_are_new_each_day_with_workers() -> None:
    bench = Bench(document(workers=2, tls=TLS))
    bench.start()
    bench.clock.advance(DAY)
    bench.made[1].accepts()
    assert "1 retires patiently" in bench.calls
    bench.clock.advance(DAY)
    bench.made[2].accepts()
    assert "2 retires patiently" in bench.calls


@pytest.mark.parametrize("first", [document(tls=TLS), document(workers=2)])
def test_who_has_none_goes_on_for_days(first: Document) -> None:
    bench = Bench(first)
    bench.start()
    bench.clock.advance(DAY)
    bench.clock.advance(DAY)
    assert len(bench.made) == 1


def test_as_many_workers_as_there_are_processors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 2, 5})
    assert workers_of(document(workers="auto").config) == 3
    assert workers_of(document(workers=7).config) == 7


class Cycle:
    """What only the collector frees."""

    def __init__(self) -> None:
        self.itself = self


def test_what_reloads_leave_behind_is_freed_with_the_last_of_the_old_ones(
    bench: Bench,
) -> None:
    bench.follow("b")
    bench.follow("a")
    gc.disable()  # by itself it would come at any time
    try:
        left = weakref.ref(Cycle())
        bench.made[0].ended.callback(None)
        assert left() is not None  # its sessions may have been this process's
        bench.made[1].ended.callback(None)
        assert left() is None
    finally:
        gc.enable()
