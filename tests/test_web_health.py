"""Whether the gateway is well, for those who ask by machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.web.test.requesthelper import DummyRequest

from bridge.watch.reading import Reading
from bridge.web.health import Check, Health, alive, ready, well
from tests.readings import process, reading

WELL = reading(
    processes=(process(0),), numbers={("farm_servers_up", "a"): 2}, reloaded=True
)


def asked(
    checks: Callable[[Reading], Iterator[Check]], of: Reading, query: bytes = b""
) -> tuple[int, list[str]]:
    request: Any = DummyRequest([b"x"])
    request.uri = b"/x" + query
    text = Health(lambda: of, checks).render_GET(request)
    return request.responseCode or 200, text.decode().splitlines()


def changed(**more: Any) -> Reading:
    given = {"processes": WELL.processes, "numbers": WELL.numbers, "reloaded": True}
    return reading(**given | more)


@pytest.mark.parametrize("checks", [alive, ready, well])
def test_all_is_well(checks: Callable[[Reading], Iterator[Check]]) -> None:
    assert asked(checks, WELL) == (200, ["ok"])


def test_who_takes_no_sessions_lives_all_the_same() -> None:
    drains = changed(why=("the gateway drains",), draining=True)
    assert asked(alive, drains) == (200, ["ok"])
    told = ["[-] accepts: the gateway drains", "not ok"]
    assert asked(ready, drains) == (503, told)
    assert asked(well, drains) == (503, told)


@pytest.mark.parametrize(
    ("amiss", "line"),
    [
        (
            changed(processes=(process(0), process(1, age=None, up=False))),
            "[-] worker 1 of generation 2: has told nothing yet",
        ),
        (
            changed(processes=(process(0, age=7.2, up=False),)),
            "[-] worker 0 of generation 2: has told nothing for 7 s",
        ),
        (changed(reloaded=False), "[-] reload: the last one failed: see the log"),
        (
            changed(numbers={("farm_servers_up", "a"): 0}),
            "[-] farm a: none of its servers is up",
        ),
    ],
)
def test_what_an_operator_should_see_to(amiss: Reading, line: str) -> None:
    assert asked(ready, amiss) == (200, ["ok"])
    assert asked(well, amiss) == (503, [line, "not ok"])


@pytest.mark.parametrize("query", [b"?verbose", b"?verbose=1", b"?a=b&verbose"])
def test_what_was_looked_at(query: bytes) -> None:
    told = [
        "[+] accepts",
        "[+] worker 0 of generation 2",
        "[+] reload",
        "[+] farm a",
        "ok",
    ]
    assert asked(well, WELL, query) == (200, told)


def test_another_word_is_none() -> None:
    assert asked(ready, WELL, b"?terse&verboser") == (200, ["ok"])
