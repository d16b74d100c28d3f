"""Asking beside the screen."""

from __future__ import annotations

import select
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bridge.control.ask import RefusedError
from bridge.control.top_asking import Asking, Done
from bridge.control.top_looks import Ask
from tests.asked import answering

PATIENCE = 20.0


def wait(asking: Asking, count: int = 1) -> list[Done]:
    found: list[Done] = []
    deadline = time.monotonic() + PATIENCE
    while len(found) < count:
        left = deadline - time.monotonic()
        assert select.select([asking.readable], [], [], max(0, left))[0], "it hangs"
        found += asking.done()
    return found


def _number(number: int, _: Ask) -> int:
    return number


def nobody(_: Done) -> None:
    """Wants to know."""


def test_tasks_are_done_in_their_order_and_told_to_who_asked(tmp_path: Path) -> None:
    asking = Asking(str(tmp_path / "a.sock"))
    told: list[Any] = []

    def tell(done: Done) -> None:
        told.append(done.answer)

    for number in range(3):
        asking.ask(partial(_number, number), tell)
    for done in wait(asking, 3):
        done.then(done)
    assert told == [0, 1, 2]
    assert asking.done() == []


def test_a_gateway_that_is_not_there_is_an_error_and_is_tried_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.sock"
    asking = Asking(str(path))

    def status(ask: Ask) -> Any:
        return ask("status")

    asking.ask(status, nobody)
    (done,) = wait(asking)
    assert "no gateway listens there" in str(done.error)
    with answering(path, {"status": {"fine": True}}):
        asking.ask(status, nobody)
        (done,) = wait(asking)
    assert (done.answer, done.error) == ({"fine": True}, None)


def test_what_a_gateway_refuses_is_another_error(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    refuses = b'{"v": 1, "ok": false, "error": "there is no session x"}\n'
    with answering(path, {"session": refuses}):
        asking = Asking(str(path))
        asking.ask(lambda ask: ask("session", session="x"), nobody)
        (done,) = wait(asking)
    assert isinstance(done.error, RefusedError)


def test_one_that_does_not_answer_holds_up_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    with answering(path, {}) as asked:
        asking = Asking(str(path))
        asking.ask(lambda ask: ask("status"), nobody)
        deadline = time.monotonic() + PATIENCE
        while not asked:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert asking.done() == []
    (done,) = wait(asking)  # the gateway has ended
    assert done.error is not None
    names = [each for each in threading.enumerate() if each.name == "asking"]
    assert all(each.daemon for each in names)


def test_a_bug_is_raised_where_it_is_seen(tmp_path: Path) -> None:
    asking = Asking(str(tmp_path / "a.sock"))
    asking.ask(lambda _: 1 / 0, nobody)
    with pytest.raises(ZeroDivisionError):
        wait(asking)
