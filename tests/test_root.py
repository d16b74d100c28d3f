"""What there is to be asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
from twisted.internet.task import Clock

from bridge.control.slices import Slices, Steps
from bridge.processes.numbers import Numbers
from bridge.watch.reading import Reading
from bridge.web.root import root_of
from tests.asking_web import Bench
from tests.readings import READING


class FakeNumbers:
    def __init__(self) -> None:
        self.whole = READING

    def standing(self) -> Reading:
        return replace(self.whole, numbers={})

    def reading(self) -> Reading:
        return self.whole

    def read(self) -> Steps[Reading]:
        yield
        return self.whole


class Rooted:
    def __init__(self) -> None:
        self.numbers = FakeNumbers()
        clock: Any = Clock()
        root = root_of(cast(Numbers, self.numbers), Slices(clock))
        self.bench = Bench(root, clock=clock)


@pytest.fixture
def rooted() -> Rooted:
    return Rooted()


def test_all_are_there(rooted: Rooted) -> None:
    assert rooted.bench.get("/metrics").status == 200
    assert rooted.bench.get("/livez").text == "ok\n"
    assert rooted.bench.get("/readyz").text == "ok\n"
    assert rooted.bench.get("/healthz").status == 503  # a worker hangs
    assert rooted.bench.get("/nothing").status == 404


def test_each_is_asked_anew(rooted: Rooted) -> None:
    rooted.numbers.whole = replace(READING, why=("the gateway drains",))
    assert rooted.bench.get("/readyz").status == 503
    assert rooted.bench.get("/livez").status == 200
