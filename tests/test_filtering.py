"""Sessions with filters, on real sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bridge.filters import Answers, Dial, Filter, PassRest
from tests.filter_edges import EDGES
from tests.filter_scripts import SCRIPTS
from tests.filtered import Filtered

Start = Callable[..., Filtered]
ALL = SCRIPTS | EDGES


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts what is given to ``Filtered``."""
    started: list[Filtered] = []

    def begin(*makes: Any, **settings: Any) -> Filtered:
        started.append(Filtered(*makes, **settings))
        return started[-1]

    yield begin
    for each in started:
        each.close()


@pytest.mark.parametrize("name", ALL)
def test_a_script_comes_out_as_in_a_trial(start: Start, name: str) -> None:
    script = ALL[name]
    one = start(*script.makes, unreachable=script.unreachable)
    one.play(script.steps)
    assert one.to_client == script.to_client
    assert tuple(one.to_servers) == script.to_servers
    assert one.ending == script.ending


class Waiting(Filter):
    """Goes to a server with the client's first byte."""

    reads_first = True

    def up(self, data: bytes, ended: bool) -> Answers:
        return (Dial("one"), PassRest())


def test_a_dial_begins_when_the_filter_says_so(start: Start) -> None:
    """Or a server would have been waited for as long as the client said nothing."""
    one = start(Waiting)
    one.running.advance(1.0)
    one.up(b"x")
    place = one.session.place
    assert place is not None and place.dial_began is not None
    assert place.dial_began - one.session.accepted >= 1.0
