"""What ``bridgectl doctor`` prints."""

from __future__ import annotations

import io
from importlib import util

import pytest

from bridge.control.doctor_shown import chosen, lines, show
from bridge.doctor.examination import Examination, Path
from bridge.doctor.report import Finding, Severity
from bridge.doctor.servers import Known
from bridge.doctor.sides import Side
from bridge.doctor.verdict import BROKEN, OK, UNKNOWN, Verdict
from bridge.net.address import Address

SIDE = Side(
    "front web", "eth0", 1500, 0, None, {"gro": True, "gso": False, "tso": None}
)
ONE = Known("web", "a", 0, Address("192.0.2.10", 80))
FINDINGS = (
    Finding(
        "farm web: a", Severity.FAIL, "8500 bytes arrive", "profiles.inside.mss: 8460"
    ),
    Finding("host", Severity.OK, "all is well"),
)
FOUND = Examination(
    [SIDE],
    [
        Path(ONE, Verdict(BROKEN, 9000, 8500)),
        Path(ONE, Verdict(OK, 9000, 9000)),
        Path(ONE, Verdict(BROKEN, 9000, 4000, exact=False)),
        Path(ONE, Verdict(UNKNOWN, 9000)),
    ],
    FINDINGS,
)


def test_it_is_tables_and_then_what_is_not_well() -> None:
    told = list(lines(FOUND, all_of_it=False))
    assert told == [
        "SIDE       INTERFACE  LINK  ROUTE  GRO  GSO  TSO  SERVERS",
        "front web  eth0       1500      -  on   off  ?          -",
        "",
        "FARM  SERVER             WANTED  VERDICT  CARRIES  BY",
        "web   a (192.0.2.10:80)    9000  broken      8500  -",
        "web   a (192.0.2.10:80)    9000  ok          9000  -",
        "web   a (192.0.2.10:80)    9000  broken     ~4000  -",
        "web   a (192.0.2.10:80)    9000  unknown        -  -",
        "",
        "fail     farm web: a: 8500 bytes arrive",
        "         cure: profiles.inside.mss: 8460",
        "1 fail, 0 warn, 0 unknown, 1 ok; --all shows 1 more",
    ]


def test_all_of_it_is_what_is_well_too() -> None:
    assert chosen(FINDINGS, all_of_it=True) == (FINDINGS, 0)
    told = list(lines(FOUND, all_of_it=True))
    assert "ok       host: all is well" in told


def test_nothing_that_a_terminal_obeys_is_printed() -> None:
    hostile = Finding("farm \x1b[2J", Severity.WARN, "\x1b]0;x\x07", "\x9b2J")
    out = io.StringIO()
    show(Examination([], [], [hostile]), all_of_it=False, to=out)
    assert all(line.isprintable() for line in out.getvalue().splitlines())


@pytest.mark.skipif(util.find_spec("rich") is None, reason="needs rich")
def test_a_terminal_gets_the_same_words() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    show(FOUND, all_of_it=True, to=out)
    for word in ("front web", "8500", "cure:", "all is well", "1 fail"):
        assert word in out.getvalue()
