"""``bridgectl top`` as text."""

from __future__ import annotations

from bridge.control.top_plain import SESSIONS_SHOWN, plain_lines
from tests.topped import listed, looked, seeing, server, session


def test_it_is_this() -> None:
    servers = [server("a"), server("c", state="down", why="refused")]
    seen = seeing(looked(98.0), servers={"servers": servers})
    assert list(plain_lines(seen)) == [
        "bridge 1.0, 3 sessions of at most 7972, 0 new/s, up 0/s, down 0/s",
        "",
        "FRONT  SESSIONS  NEW/s  UP/s  DOWN/s  ACCEPTED   UP  DOWN  LISTENS_ON  FARMS"
        "  ENDINGS",
        "web           3      0     0       0        10  100  1000  [::]:443    web  "
        "  done 7",
        "",
        "FARM  SERVERS  SESSIONS  WAITING  NEW/s  UP/s  DOWN/s  NOTE",
        "web       1/2         3        0      0     5      50  -",
        "",
        "FARM  SERVER  STATE    FOR  SESSIONS  NEW/s  UP/s  DOWN/s  WEIGHT  ADDRESS"
        "        WHY",
        "web   c       down   1m15s         3      -     0       0       1"
        "  192.0.2.10:80  refused; check: 200",
        "web   a       up     1m15s         3      -     0       0       1"
        "  192.0.2.10:80  check: 200",
        "",
        "CLIENT               FRONT  SERVER  STATE    AGE     RATE  UP/s   DOWN/s"
        "     RTT_ms        MSS  RETR   UP     DOWN  HELD  SESSION",
        "[2001:db8::1]:50000  web    b       open   1m15s  1.96KiB    10  1.95KiB"
        "  84.2/0.20  1208/8948  31/0  100  2.00KiB     0  abc-1",
    ]


def test_every_line_has_as_many_words_as_its_head_but_for_the_last_columns() -> None:
    lines = list(plain_lines(seeing(looked(98.0))))
    head = next(line for line in lines if line.startswith("CLIENT"))
    assert len(head.split()) == len(lines[lines.index(head) + 1].split())


def test_of_many_the_first_are_told_and_how_many_there_are() -> None:
    many = listed(*(session(f"s-{n}") for n in range(100)), sums=[], matching=9000)
    lines = list(plain_lines(seeing(sessions=many)))
    assert lines[-1] == f"{SESSIONS_SHOWN} of 9000 shown"


def test_limits_are_told_where_they_are_known() -> None:
    some = listed(session(limited_by="front_net"), sums=[])
    lines = list(plain_lines(seeing(sessions=some)))
    assert "LIMITED_BY" in lines[-2] and "front_net" in lines[-1]


def test_nothing_that_a_terminal_obeys_is_told() -> None:
    hostile = listed(session("\x1b[2J", server="\x07", client="\n"), sums=[])
    assert all(line.isprintable() for line in plain_lines(seeing(sessions=hostile)))
