"""Both formats of the access log, field by field."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import pytest

from bridge.net.tcpinfo import NOTHING
from bridge.watch.access import JsonFormat, TextFormat, render
from bridge.watch.record import Record, Sides

SIDE = NOTHING._replace(
    snd_mss=1428, rcv_mss=1400, advmss=1440, pmtu=1500, rtt=12_345, min_rtt=11_000,
    total_retrans=3, segs_out=10, segs_in=9, delivery_rate=125_000_000,
    busy_time=5_000, rwnd_limited=1_000, sndbuf_limited=500,
)  # fmt: skip

SIDES = Sides(
    listen=("2001:db8::80", 443),
    source=("198.18.0.1", 40000),
    front=SIDE,
    back=SIDE._replace(snd_mss=8948),
)


EPOCH = 1_700_000_000.0


def record(**changes: Any) -> Record:
    made = Record(
        session="abc-7",
        front="web",
        farm="inside",
        server="b",
        back=("198.18.0.2", 80),
        client=("2001:db8::2", 41234),
        ending="done",
        letters="--",
        reason="",
        accepted=100.0,
        dial_began=100.001,
        dialed=100.0035,
        closed=101.5,
        up=10,
        down=20000,
        lost=0,
        queued=7,
        retries=1,
        active=5,
        front_active=4,
        farm_active=3,
        server_active=2,
        sides=SIDES,
    )
    return made._replace(**changes)


# HAProxy's configuration manual, section 8.2.2, without the syslog header.
TCPLOG = re.compile(
    r"(?P<client_ip>\S+):(?P<client_port>\d+) "
    r"\[(?P<accept_date>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d\.\d{3})\] "
    r"(?P<frontend_name>\S+) (?P<backend_name>[^/ ]+)/(?P<server_name>\S+) "
    r"(?P<Tw>-?\d+)/(?P<Tc>-?\d+)/(?P<Tt>\d+) (?P<bytes_read>\d+) "
    r"(?P<termination_state>\S\S) "
    r"(?P<actconn>\d+)/(?P<feconn>\d+)/(?P<beconn>\d+)/(?P<srv_conn>\d+)/"
    r"(?P<retries>\d+) (?P<srv_queue>\d+)/(?P<backend_queue>\d+)"
)


def text(**changes: Any) -> dict[str, str]:
    line = TextFormat().line(record(**changes), EPOCH)
    match = TCPLOG.fullmatch(line)
    assert match, line
    return match.groupdict()


def test_text_is_what_haproxys_readers_expect() -> None:
    fields = text()
    del fields["accept_date"]
    assert fields == {
        "client_ip": "2001:db8::2",
        "client_port": "41234",
        "frontend_name": "web",
        "backend_name": "inside",
        "server_name": "b",
        "Tw": "1",
        "Tc": "2",
        "Tt": "1500",
        "bytes_read": "20000",
        "termination_state": "--",
        "actconn": "5",
        "feconn": "4",
        "beconn": "3",
        "srv_conn": "2",
        "retries": "1",
        "srv_queue": "0",
        "backend_queue": "7",
    }


def test_a_phase_not_reached_is_minus_one() -> None:
    fields = text(dial_began=None, dialed=None, server="", letters="PR")
    assert (fields["Tw"], fields["Tc"]) == ("-1", "-1")
    assert fields["server_name"] == "<NOSRV>"


def test_the_date_is_when_the_client_was_accepted() -> None:
    when = datetime(2026, 3, 4, 5, 6, 7, 89_500)
    line = TextFormat().line(record(accepted=5.0), when.timestamp() - 5)
    assert "[04/Mar/2026:05:06:07.089]" in line


def test_dates_are_todays_idea_of_the_date() -> None:
    told = render(TextFormat(), [record(accepted=100.0)] * 2, 101.5).splitlines()
    assert len(told) == 2
    match = TCPLOG.fullmatch(told[0])
    assert match
    date = datetime.strptime(match["accept_date"], "%d/%b/%Y:%H:%M:%S.%f")
    assert 1.4 < (datetime.now() - date).total_seconds() < 10


def as_json(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(JsonFormat().line(record(**changes), EPOCH))
    return told


def test_json_says_everything() -> None:
    told = as_json()
    assert told.pop("time") == "2023-11-14T22:15:01.500Z", "when it ended"
    side = {
        "mss_out": 1428, "mss_in": 1400, "mss_advertised": 1440, "pmtu": 1500,
        "rtt_ms": 12.345, "min_rtt_ms": 11.0, "retransmits": 3, "segments_out": 10,
        "segments_in": 9, "delivery_rate": 125_000_000, "busy_ms": 5.0,
        "rwnd_limited_ms": 1.0, "sndbuf_limited_ms": 0.5,
    }  # fmt: skip
    assert told == {
        "session": "abc-7",
        "worker": 0,
        "front": "web",
        "farm": "inside",
        "server": "b",
        "client": "2001:db8::2",
        "client_port": 41234,
        "listen": "[2001:db8::80]:443",
        "source": "198.18.0.1",
        "source_port": 40000,
        "back": "198.18.0.2:80",
        "ending": "done",
        "reason": None,
        "retries": 1,
        "queued": 7,
        "seconds": {"queue": 0.001, "dial": 0.0025, "total": 1.5},
        "bytes": {"up": 10, "down": 20000, "lost": 0},
        "sides": {"front": side, "back": {**side, "mss_out": 8948}},
        "limited_by": "none",
    }


def test_what_was_not_reached_is_null_in_json() -> None:
    told = as_json(server="", back=("", 0), dial_began=None, dialed=None, sides=None)
    assert told["server"] is None
    assert told["source"] is None
    assert told["source_port"] is None
    assert told["seconds"] == {"queue": None, "dial": None, "total": 1.5}


@pytest.mark.parametrize("evil", ['a"b', "a\nb", "a\x1b[31mb", "ü"])
def test_nothing_breaks_out_of_a_line(evil: str) -> None:
    line = JsonFormat().line(record(server=evil, front=evil, reason=evil), EPOCH)
    assert line.isprintable()
    assert json.loads(line)["server"] == evil


def test_ipv4_mapped_and_unix_clients_have_their_form() -> None:
    assert as_json(client=("unix", 0))["client"] == "unix"
    assert text(client=("192.0.2.5", 7))["client_ip"] == "192.0.2.5"
