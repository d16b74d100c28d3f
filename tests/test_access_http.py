"""Lines of requests in the access log, field by field and as halog reads them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.watch.access import Entry, TextFormat, render
from bridge.watch.access_http import HOST, METHOD, TARGET, VERSION, text_line, unread
from bridge.watch.access_json import JsonFormat
from bridge.watch.exchange import Exchange
from tests.test_access import EPOCH, halog, record

REQUEST = Exchange(
    method="GET", target="/index.html", version="HTTP/1.1", host="www.example.org",
    status=200, dials=True, ending="done", reason="", reused=2, began=100.0,
    read=100.0101, answered=100.1093, over=100.2001, up=80, down=2750, session="abc-7",
    front="web", farm="static", server="b", client=("2001:db8::2", 33317),
    dial_began=100.0101, dialed=100.0402, retries=1, queued=7, active=5, front_active=4,
    farm_active=3, server_active=2,
)  # fmt: skip

# HAProxy's configuration manual, section 8.2.3, without the syslog header.
HTTPLOG = re.compile(
    r"(?P<client_ip>\S+):(?P<client_port>\d+) "
    r"\[(?P<request_date>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d\.\d{3})\] "
    r"(?P<frontend_name>\S+) (?P<backend_name>[^/ ]+)/(?P<server_name>\S+) "
    r"(?P<TR>-?\d+)/(?P<Tw>-?\d+)/(?P<Tc>-?\d+)/(?P<Tr>-?\d+)/(?P<Ta>\d+) "
    r"(?P<status_code>-1|\d{3}) (?P<bytes_read>\d+) - - "
    r"(?P<termination_state>\S\S--) "
    r"(?P<actconn>\d+)/(?P<feconn>\d+)/(?P<beconn>\d+)/(?P<srv_conn>\d+)/"
    r"(?P<retries>\d+) (?P<srv_queue>\d+)/(?P<backend_queue>\d+) "
    r'"(?P<http_request>[^"]*)"'
)


def text(**changes: Any) -> dict[str, str]:
    line = text_line(REQUEST._replace(**changes), EPOCH)
    match = HTTPLOG.fullmatch(line)
    assert match, line
    return match.groupdict()


def times(**changes: Any) -> list[str]:
    told = text(**changes)
    return [told[name] for name in ("TR", "Tw", "Tc", "Tr", "Ta")]


def test_the_line_of_the_manual_is_ours() -> None:
    """Its example, of which the captures are left out."""
    line = text_line(
        REQUEST._replace(
            client=("10.0.1.2", 33317), front="http-in", server="srv1", over=100.1093,
            active=1, front_active=1, farm_active=1, server_active=1, retries=0,
            queued=0,
        ),
        EPOCH,
    )  # fmt: skip
    assert line == (
        "10.0.1.2:33317 [14/Nov/2023:22:15:00.000] http-in static/srv1 "
        '10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET /index.html HTTP/1.1"'
    )


def test_every_field_stands_where_haproxy_has_it() -> None:
    assert text(letters="CD") == {
        "client_ip": "2001:db8::2",
        "client_port": "33317",
        "request_date": "14/Nov/2023:22:15:00.000",
        "frontend_name": "web",
        "backend_name": "static",
        "server_name": "b",
        "TR": "10",
        "Tw": "0",
        "Tc": "30",
        "Tr": "69",
        "Ta": "200",
        "status_code": "200",
        "bytes_read": "2750",
        "termination_state": "CD--",
        "actconn": "5",
        "feconn": "4",
        "beconn": "3",
        "srv_conn": "2",
        "retries": "1",
        "srv_queue": "0",
        "backend_queue": "7",
        "http_request": "GET /index.html HTTP/1.1",
    }


def test_a_connection_that_was_kept_took_no_time_to_make() -> None:
    assert times(dial_began=None, dialed=None) == ["10", "0", "0", "99", "200"]


def test_a_phase_that_was_not_reached_is_minus_one() -> None:
    ours = {"dials": False, "server": "", "dial_began": None, "dialed": None}
    assert times(answered=None, **ours) == ["10", "-1", "-1", "-1", "200"]
    assert times(answered=None, read=None, **ours) == ["-1", "-1", "-1", "-1", "200"]
    assert times(answered=None, dialed=None) == ["10", "0", "-1", "-1", "200"]
    assert times(answered=None) == ["10", "0", "30", "-1", "200"]
    nobody = {**ours, "dials": True}
    assert times(answered=None, **nobody) == ["10", "-1", "-1", "-1", "200"]
    told = text(status=0, answered=None, farm="", **ours)
    assert told["status_code"] == "-1"
    assert (told["backend_name"], told["server_name"]) == ("-", "<NOSRV>")


def test_what_is_no_request_is_a_bad_one() -> None:
    none = {"method": "", "target": "", "version": "", "read": None, "dials": False}
    assert text(status=400, letters="PR", **none)["http_request"] == "<BADREQ>"


def test_a_session_without_any_is_told_as_haproxy_does() -> None:
    closed = unread(record(dial_began=None, dialed=None, server="", farm="", down=0))
    assert text_line(closed, EPOCH) == (
        "2001:db8::2:41234 [14/Nov/2023:22:15:00.000] web -/<NOSRV> "
        '-1/-1/-1/-1/1500 -1 0 - - CR-- 5/4/3/2/1 0/7 "<BADREQ>"'
    )
    denied = unread(record(letters="PR", ending="denied", reason="not in allow"))
    assert " PR-- " in text_line(denied, EPOCH)
    assert '"not in allow" abc-7 - denied' in text_line(denied, EPOCH, everything=True)


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ('/a"b', "/a#22b"),
        ("/a b", "/a#20b"),
        ("/\x1b[31m", "/#1B[31m"),
        ("/a\r\nb", "/a#0D#0Ab"),
        ("/#", "/#23"),
        ("/ü\xff\x00", "/#FC#FF#00"),
        ("/" + "x" * TARGET, "/" + "x" * (TARGET - 1) + "..."),
    ],
)
def test_what_the_client_sent_stays_within_its_quotes(target: str, told: str) -> None:
    assert text(target=target)["http_request"] == f"GET {told} HTTP/1.1"


LATIN = st.text(st.characters(max_codepoint=255), min_size=1, max_size=3000)


@given(LATIN, LATIN, LATIN, LATIN)
def test_nothing_breaks_out_of_a_line_or_makes_it_long(
    method: str, target: str, version: str, host: str
) -> None:
    told = REQUEST._replace(method=method, target=target, version=version, host=host)
    line = TextFormat(everything=True).request(told, EPOCH)
    assert line.isascii() and line.isprintable()
    assert line.count('"') == 2
    assert len(line) < 300 + 3 * (METHOD + TARGET + VERSION) + 6 * HOST
    as_json = JsonFormat().request(told, EPOCH)
    assert as_json.isascii() and as_json.isprintable()
    assert json.loads(as_json)["target"].startswith(target[:TARGET])
    assert len(as_json) < 900 + 6 * (METHOD + TARGET + VERSION + HOST)


def test_all_fields_are_those_that_sessions_have() -> None:
    form = TextFormat(everything=True)
    line = form.request(REQUEST._replace(via=("192.0.2.9", 4000)), EPOCH)
    assert line.endswith('" - abc-7 - done www.example.org 192.0.2.9:4000')
    said = form.request(REQUEST._replace(reason='a "b"', ending="bad_header"), EPOCH)
    assert said.endswith(' "a \\"b\\"" abc-7 - bad_header www.example.org -')


def as_json(**changes: Any) -> dict[str, Any]:
    line = JsonFormat(3).request(REQUEST._replace(**changes), EPOCH)
    told: dict[str, Any] = json.loads(line)
    return told


def test_json_says_everything() -> None:
    told = as_json()
    for name, value in told["seconds"].items():
        told["seconds"][name] = round(value, 3)
    assert told == {
        "time": "2023-11-14T22:15:00.200Z",
        "kind": "request",
        "session": "abc-7",
        "worker": 3,
        "front": "web",
        "farm": "static",
        "server": "b",
        "client": "2001:db8::2",
        "client_port": 33317,
        "via": None,
        "request": 3,
        "method": "GET",
        "target": "/index.html",
        "version": "HTTP/1.1",
        "host": "www.example.org",
        "status": 200,
        "ending": "done",
        "reason": None,
        "retries": 1,
        "queued": 7,
        "seconds": {
            "request": 0.01,
            "queue": 0.0,
            "dial": 0.03,
            "response": 0.069,
            "total": 0.2,
        },
        "bytes": {"up": 80, "down": 2750},
    }


def test_what_was_not_reached_is_null_in_json() -> None:
    told = as_json(
        method="", target="", version="", host="", status=0, farm="", server="",
        read=None, answered=None, dial_began=None, dialed=None,
    )  # fmt: skip
    names = ("farm", "server", "method", "target", "version", "host", "status")
    assert {told[name] for name in names} == {None}
    total = told["seconds"].pop("total")
    assert (round(total, 3), set(told["seconds"].values())) == (0.2, {None})


def test_sessions_and_requests_stand_in_one_log() -> None:
    entries: list[Entry] = [REQUEST, record()]
    first, second = render(JsonFormat(), entries, 0.0).splitlines()
    assert json.loads(first)["session"] == json.loads(second)["session"]
    assert (json.loads(first)["kind"], json.loads(second)["kind"]) == (
        "request",
        "session",
    )
    assert len(render(TextFormat(), entries, 0.0).splitlines()) == 2


# halog


def halogged(*exchanges: Exchange, output: str, everything: bool = False) -> str:
    form = TextFormat(syslog=True, everything=everything)
    return halog("\n".join(form.request(each, EPOCH) for each in exchanges), output)


MANY = (
    REQUEST,
    REQUEST._replace(target="/a", status=404),
    REQUEST._replace(target="/a", status=503, server="c", letters="SC", ending="x"),
)


@pytest.mark.parametrize("everything", [False, True])
def test_halog_takes_every_line(everything: bool) -> None:
    for output in ("-srv", "-st", "-cc", "-tc", "-pct", "-u", "-ut", "-ic"):
        told = halogged(*MANY, output=output, everything=everything)
        assert ", 0 parsing errors" in told, (output, told)
    assert halogged(*MANY, output="-c", everything=everything).startswith("3\n")


def test_halog_counts_statuses_servers_targets_and_letters() -> None:
    assert re.findall(r"^(\d+ \d+)$", halogged(*MANY, output="-st"), re.M) == [
        *["200 1", "404 1", "503 1"]
    ]
    servers = halogged(*MANY, output="-srv")
    assert re.findall(r"^static/(\S+) ", servers, re.M) == ["b", "c"]
    assert "static/b 0 1 0 1 0 0 2 " in servers, "statuses 2xx, 4xx and all"
    targets = halogged(*MANY, output="-u")
    assert set(re.findall(r"^(\d+) .* (/\S*)$", targets, re.M)) == {
        ("2", "/a"),
        ("1", "/index.html"),
    }
    assert re.findall(r"^(\S\S) (\d+)$", halogged(*MANY, output="-tc"), re.M) == [
        ("--", "2"),
        ("SC", "1"),
    ]


def test_halog_tells_the_times_that_there_were() -> None:
    told = halogged(REQUEST, output="-pct")
    assert re.search(r"^100\.0 1 10 30 69 ", told, re.M), told
