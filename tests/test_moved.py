"""Bytes of sessions that run and of those that have ended, each told once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.service import moved as module
from bridge.service.moved import moved
from bridge.session.flow import Event
from tests.questioned import Asked, asked


@pytest.fixture
def running() -> Iterator[Asked]:
    with asked() as made:
        yield made


def whole(running: Asked) -> tuple[int, int]:
    steps = moved(running.gateway.fronts[0])
    while True:
        try:
            next(steps)
        except StopIteration as end:
            up, down = end.value
            return up, down


def test_none_is_told_twice_whenever_it_ends(
    running: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SCANNED", 1)
    for size in (10, 200, 3000):
        client, accepted = running.connect()
        running.move(client, accepted, size)
    assert whole(running) == (3210, 0)
    steps = moved(running.gateway.fronts[0])
    next(steps)  # one has been looked at
    for session in running.sessions()[:2]:  # which may be it
        session.handle(Event.KILLED)
    with pytest.raises(StopIteration) as end:
        while True:
            next(steps)
    assert end.value.value == whole(running) == (3210, 0)


def test_it_never_goes_back(running: Asked) -> None:
    client, accepted = running.connect()
    before = whole(running)
    for _ in range(3):
        running.move(client, accepted, 100)
        after = whole(running)
        assert after > before
        before = after
    running.sessions()[0].handle(Event.KILLED)
    assert whole(running) == before == (300, 0)
