"""The access log as JSON, field by field, and that nothing breaks out of its line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.net.spent import Times
from bridge.net.tcpinfo import SIZE
from bridge.net.tlsinfo import TlsInfo
from bridge.watch.access_json import JsonFormat
from bridge.watch.phrases import stamp
from tests.test_access import EPOCH, SIDES, record

WORDS = st.text(max_size=9)


def as_json(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(JsonFormat().line(record(**changes), EPOCH))
    return told


def test_a_data_connection_names_the_session_that_it_was_asked_for_in() -> None:
    assert list(as_json(control="abc-6").items())[2:4] == [
        ("session", "abc-7"),
        ("control", "abc-6"),
    ]


def test_json_says_everything() -> None:
    told = as_json()
    assert told.pop("time") == "2023-11-14T22:15:01.500Z", "when it ended"
    side = {
        "mss_out": 1428, "mss_in": 1400, "mss_advertised": 1440, "pmtu": 1500,
        "rtt_ms": 12.345, "min_rtt_ms": 11.0, "retransmits": 3, "segments_out": 10,
        "segments_in": 9, "delivery_rate": 125_000_000, "busy_ms": 5.0,
        "rwnd_limited_ms": 1.0, "sndbuf_limited_ms": 0.5,
        "data_segments_in": 8, "data_segments_out": 6, "out_of_order": 2,
    }  # fmt: skip
    assert told == {
        "kind": "session",
        "session": "abc-7",
        "worker": 0,
        "front": "web",
        "farm": "inside",
        "server": "b",
        "client": "2001:db8::2",
        "client_port": 41234,
        "listen": "[2001:db8::80]:443",
        "via": None,
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
        "spent": None,
        "limited_by": "none",
    }


def test_before_the_first_sample_no_time_of_the_path_is_told() -> None:
    told = as_json(sides=SIDES._replace(back=b"\xff" * SIZE))["sides"]["back"]
    assert told["min_rtt_ms"] == 0
    assert told["rtt_ms"] == 4294967.295


def test_nothing_of_a_name_is_taken_for_a_field_of_the_template() -> None:
    names = {"front": "100%s", "farm": "%d", "server": "%", "session": "%%-1"}
    to = SIDES._replace(listen=("fe80::1%eth0", 443))
    told = as_json(sides=to, back=("fe80::2%s", 80), **names)
    assert told["listen"] == "[fe80::1%eth0]:443"
    assert told["back"] == "[fe80::2%s]:80"
    assert {name: told[name] for name in names} == names


def test_json_tells_what_a_session_was_limited_by() -> None:
    times = Times(2.5, 0.5, back_silent=2.0)
    told = as_json(sides=SIDES._replace(limited_by="back_app", times=times))
    assert told["limited_by"] == "back_app"
    assert told["spent"] == {
        "idle": 0.5, "front_silent": 0.0, "back_silent": 2.0, "front_flow": 0.0,
        "back_flow": 0.0, "front_full": 0.0, "back_full": 0.0, "gateway": 0.0,
    }  # fmt: skip


def test_what_was_not_reached_is_null_in_json() -> None:
    told = as_json(server="", back=("", 0), dial_began=None, dialed=None, sides=None)
    assert told["server"] is None
    assert told["source"] is None
    assert told["source_port"] is None
    assert told["seconds"] == {"queue": None, "dial": None, "total": 1.5}


def test_the_name_asked_for_is_told_of_what_passes_unopened() -> None:
    told = as_json(asked="www.example.org", farm="")
    assert told["farm"] is None
    assert told["tls"] == {
        "version": None,
        "cipher": None,
        "sni": "www.example.org",
        "alpn": None,
        "client_subject": None,
    }


@pytest.mark.parametrize("where", ['unix:/run/a"b', "unix:\udcff\0abstract"])
def test_a_unix_path_is_quoted_in_json(where: str) -> None:
    sides = SIDES._replace(listen=(where, 0))
    told = as_json(sides=sides, back=(where, 0))
    assert (told["listen"], told["back"]) == (where, where)


@pytest.mark.parametrize("evil", ['a"b', "a\nb", "a\x1b[31mb", "ü"])
def test_nothing_breaks_out_of_a_line(evil: str) -> None:
    line = JsonFormat().line(record(server=evil, front=evil, reason=evil), EPOCH)
    assert line.isprintable()
    assert json.loads(line)["server"] == evil


@given(WORDS, WORDS, WORDS, WORDS, WORDS)
def test_whatever_a_name_is_it_is_told_and_breaks_nothing(
    name: str, host: str, why: str, sni: str, listen: str
) -> None:
    line = JsonFormat(3).line(
        record(
            front=name,
            farm=name,
            server=name,
            client=(host, 1),
            via=(host, 0),
            reason=why,
            tls=TlsInfo(name, name, sni, sni, why),
            sides=SIDES._replace(listen=(listen, 0), source=(host, 0)),
        ),
        EPOCH,
    )
    assert line.isascii() and line.isprintable()
    told = json.loads(line)
    assert (told["front"], told["farm"], told["server"]) == (
        name,
        name or None,
        name or None,
    )
    assert (told["client"], told["via"], told["source"]) == (host, host, host or None)
    assert (told["reason"], told["listen"], told["worker"]) == (why or None, listen, 3)
    assert told["tls"]["sni"] == told["tls"]["alpn"] == (sni or None)


def test_a_client_of_a_unix_socket_has_no_name() -> None:
    assert as_json(client=("unix", 0))["client"] == "unix"


@given(st.floats(0, 4_000_000_000))
def test_a_date_is_right_to_the_millisecond(when: float) -> None:
    told = datetime.fromisoformat(stamp(when))
    assert told.tzinfo is not None
    assert (
        -0.000001
        <= datetime.fromtimestamp(when, UTC).timestamp() - (told.timestamp())
        <= 0.001001
    )


@pytest.mark.parametrize("second", [0, 1_700_000_000, 1_799_999_999])
def test_the_last_of_a_second_is_not_the_thousandth_millisecond(second: int) -> None:
    assert stamp(second + 0.9999999)[17:] in (f"{second % 60 + 1:02}.000Z", "00.000Z")
    assert stamp(second + 0.999)[19:] == ".999Z"


def test_a_heartbeat_in_json_is_no_session_that_has_ended() -> None:
    told = json.loads(JsonFormat().line(record(ending="", letters="--"), EPOCH))
    assert (told["kind"], told["ending"]) == ("heartbeat", None)
    assert told["bytes"]["down"] == 20000
    assert told.keys() == json.loads(JsonFormat().line(record(), EPOCH)).keys()
