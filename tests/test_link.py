"""Messages between the supervisor and a worker, over AMP."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.test.iosim import FakeTransport, IOPump

from bridge.processes import link as module
from bridge.processes.link import PIECE, AskError, Link, LinkLostError
from tests.logged import logged


class Pair:
    """Two ends, of which *one* asks and *other* answers."""

    def __init__(self) -> None:
        self.lost: list[str] = []
        self.one = Link(lambda: self.lost.append("one"))
        self.other = Link(lambda: self.lost.append("other"))
        ours, theirs = FakeTransport(self.one, False), FakeTransport(self.other, True)
        self.one.makeConnection(ours)
        self.other.makeConnection(theirs)
        self._pump = IOPump(self.one, self.other, ours, theirs, False)

    def flush(self) -> None:
        self._pump.flush()

    def cut(self) -> None:
        for end in (self.one, self.other):
            end.cut()
        self.flush()


@pytest.fixture
def pair() -> Pair:
    return Pair()


def outcome(asked: Deferred[Any]) -> list[Any]:
    found: list[Any] = []
    asked.addBoth(found.append)
    return found


def test_messages_arrive_by_their_topic_in_their_order(pair: Pair) -> None:
    heard: list[tuple[str, Any]] = []
    pair.other.on("a", lambda said: heard.append(("a", said)))
    pair.other.on("b", lambda said: heard.append(("b", said)))
    pair.one.send("a", {"n": 1})
    pair.one.send("nobody knows it", {})
    pair.one.send("b", {"n": 2})
    pair.flush()
    assert heard == [("a", {"n": 1}), ("b", {"n": 2})]


@pytest.mark.parametrize("size", [PIECE - 60, PIECE, 3 * PIECE + 1])
def test_a_message_may_be_longer_than_a_box(pair: Pair, size: int) -> None:
    heard: list[Any] = []
    pair.other.on("long", lambda said: heard.append(said["text"]))
    pair.one.send("long", {"text": "x" * size})
    pair.one.send("long", {"text": "y"})
    pair.flush()
    assert heard == ["x" * size, "y"]


def test_what_is_asked_is_answered_by_both(pair: Pair) -> None:
    pair.other.on("double", lambda said: {"n": 2 * said["n"]})
    pair.one.on("name", lambda said: {"name": "one"})
    found = [outcome(pair.one.ask("double", {"n": n})) for n in (1, 2)]
    named = outcome(pair.other.ask("name", {}))
    pair.flush()
    assert found == [[{"n": 2}], [{"n": 4}]] and named == [{"name": "one"}]


def test_an_answer_may_take_its_time(pair: Pair) -> None:
    later: Deferred[Any] = Deferred()
    pair.other.on("slow", lambda said: later)
    pair.other.on("quick", lambda said: {"quick": True})
    slow, quick = (outcome(pair.one.ask(topic, {})) for topic in ("slow", "quick"))
    pair.flush()
    assert (slow, quick) == ([], [{"quick": True}])
    later.callback({"n": 1})
    pair.flush()
    assert slow == [{"n": 1}]


def test_why_there_is_no_answer_is_told(pair: Pair) -> None:
    def refuse(said: object) -> None:
        raise AskError("there is none")

    pair.other.on("refused", refuse)
    found = [outcome(pair.one.ask(topic, {})) for topic in ("refused", "unknown")]
    pair.flush()
    texts = [str(failure.value) for (failure,) in found]
    assert texts == ["there is none", "this version knows nothing of unknown"]
    assert all(failure.check(AskError) for (failure,) in found)


def test_a_bug_in_an_answer_ends_nothing_else(pair: Pair) -> None:
    def buggy(said: object) -> None:
        raise ZeroDivisionError

    pair.other.on("buggy", buggy)
    pair.other.on("good", lambda said: {"good": True})
    bad = outcome(pair.one.ask("buggy", {}))
    with logged() as log:
        pair.one.send("buggy", {})
        good = outcome(pair.one.ask("good", {}))
        pair.flush()
    assert "a bug in the gateway" in str(bad[0].value)
    assert good == [{"good": True}]
    assert len(log.lines) == 2


def test_who_waits_for_an_answer_hears_that_the_other_is_gone(pair: Pair) -> None:
    pair.other.on("ever", lambda said: None)
    found = outcome(pair.one.ask("ever", {}))
    pair.cut()
    late = outcome(pair.one.ask("ever", {}))
    pair.one.send("ever", {})
    assert found[0].check(LinkLostError) and late[0].check(LinkLostError)
    assert sorted(pair.lost) == ["one", "other"]


def test_a_message_without_end_is_cut_off(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 2 * PIECE)
    heard: list[Any] = []
    pair.other.on("long", heard.append)
    with logged() as log:
        pair.one.send("long", {"text": "x" * (3 * PIECE)})
        pair.flush()
    assert heard == [] and "too long" in log.lines[0]
    assert "other" in pair.lost


def test_who_does_not_read_is_known(pair: Pair) -> None:
    transport: Any = pair.one.transport
    assert transport.producer is pair.one and not pair.one.full
    transport.producer.pauseProducing()
    assert pair.one.full
    pair.one.send("urgent", {})  # goes all the same
    transport.producer.resumeProducing()
    assert not pair.one.full
    heard: list[Any] = []
    pair.other.on("urgent", heard.append)
    pair.one.cut()  # who writes is not waited for
    pair.flush()
    assert heard == [{}] and sorted(pair.lost) == ["one", "other"]
