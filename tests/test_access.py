"""Both formats of the access log, field by field."""

from __future__ import annotations

import os
import re
import subprocess
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.net.tcpinfo import NOTHING
from bridge.watch.access import TextFormat, render
from bridge.watch.record import Record, Sides
from tests.netlab.fixtures import requires
from tests.tcpinfos import answer

SIDE = NOTHING._replace(
    snd_mss=1428, rcv_mss=1400, advmss=1440, pmtu=1500, rtt=12_345, min_rtt=11_000,
    total_retrans=3, segs_out=10, segs_in=9, delivery_rate=125_000_000,
    busy_time=5_000, rwnd_limited=1_000, sndbuf_limited=500, data_segs_in=8,
    data_segs_out=6, rcv_ooopack=2,
)  # fmt: skip

SIDES = Sides(
    listen=("2001:db8::80", 443),
    source=("198.18.0.1", 40000),
    front=answer(SIDE),
    back=answer(SIDE._replace(snd_mss=8948)),
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
    when = datetime(2026, 3, 4, 5, 6, 7, 89_500, UTC)
    line = TextFormat().line(record(accepted=5.0), when.timestamp() - 5)
    assert "[04/Mar/2026:05:06:07.089]" in line


def test_dates_are_todays_idea_of_the_date() -> None:
    told = render(TextFormat(), [record(accepted=100.0)] * 2, 101.5).splitlines()
    assert len(told) == 2
    match = TCPLOG.fullmatch(told[0])
    assert match
    date = datetime.strptime(match["accept_date"], "%d/%b/%Y:%H:%M:%S.%f")
    since = datetime.now(UTC) - date.replace(tzinfo=UTC)
    assert 1.4 < since.total_seconds() < 10


def test_text_tells_utc_wherever_the_gateway_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One clock for both logs."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        line = TextFormat(syslog=True).line(
            record(accepted=0.5, closed=2), 1_600_000_000
        )
    finally:
        monkeypatch.undo()
        time.tzset()
    assert "[13/Sep/2020:12:26:40.500]" in line
    assert line.startswith("Sep 13 12:26:42 ")


def test_all_fields_follow_haproxys() -> None:
    form = TextFormat(everything=True)
    assert form.needs_sides, "what is lost is the kernel's to say"
    reset = record(ending="back_reset", letters="SD", reason='a "b"\n', lost=7)
    first = TextFormat().line(reset, EPOCH)
    assert form.line(reset, EPOCH) == (first + ' "a \\"b\\"\\n" abc-7 7 back_reset - -')
    named = record(farm="", server="", asked="evil name")
    line = form.line(named, EPOCH)
    assert line.endswith(" - abc-7 0 done evil\\x20name -")
    assert " web -/<NOSRV> " in line


def test_a_name_in_text_is_one_field() -> None:
    assert text(server="unix:/run/a b\n")["server_name"] == "unix:/run/a\\x20b\\n"


def test_the_syslog_prefix_is_what_a_syslog_daemon_writes() -> None:
    line = TextFormat(syslog=True).line(record(), EPOCH)
    match = re.fullmatch(
        r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ haproxy\[(\d+)\]: (.*)", line
    )
    assert match
    assert int(match[1]) == os.getpid()
    assert match[2] == TextFormat().line(record(), EPOCH)


OF_HAPROXY = (
    "Feb  6 12:12:56 localhost haproxy[14387]: 10.0.1.2:33313 "
    "[06/Feb/2009:12:12:51.443] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0"
)
"""An example of the configuration manual's, section 8.2.2."""


@pytest.mark.parametrize(
    ("output", "everything"),
    [
        *[(each, False) for each in ("-srv", "-st", "-c", "-cc", "-tc", "-pct")],
        *[(each, True) for each in ("-srv", "-st", "-c", "-pct")],
    ],
)
def test_halog_takes_our_lines_as_it_takes_haproxys(
    output: str, everything: bool
) -> None:
    """Some of what it tells is for HTTP only, of ours as of HAProxy's."""
    form = TextFormat(syslog=True, everything=everything)
    ours = form.line(
        record(
            client=("10.0.1.2", 33313), front="fnt", farm="bck", server="srv1",
            accepted=0.0, dial_began=0.0, dialed=0.0, closed=5.007, down=212,
            active=0, front_active=0, farm_active=0, server_active=0, retries=3,
            queued=0,
        ),
        EPOCH,
    )  # fmt: skip
    of_ours, of_haproxys = halog(ours, output), halog(OF_HAPROXY, output)
    assert of_ours.replace(ours, "LINE") == of_haproxys.replace(OF_HAPROXY, "LINE")


def test_halog_counts_our_servers() -> None:
    form = TextFormat(syslog=True)
    lines = [form.line(record(server=name), EPOCH) for name in ("a", "b", "b")]
    told = halog("\n".join(lines), "-srv")
    assert re.findall(r"^inside/(\S+) ", told, re.M) == ["a", "b"]
    plain = TextFormat().line(record(), EPOCH)
    assert "1 parsing errors" in halog(plain, "-srv"), "which is why there is a prefix"


def halog(text: str, *output: str) -> str:
    """All that halog says of a log of *text*."""
    ran = subprocess.run(
        [requires("halog"), *output],
        input=text + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ran.stdout + ran.stderr


def test_an_ipv4_client_has_its_form() -> None:
    assert text(client=("192.0.2.5", 7))["client_ip"] == "192.0.2.5"


def test_a_heartbeat_in_text_has_haproxys_sign_of_what_is_not_all() -> None:
    ended = TextFormat(everything=True).line(record(), EPOCH)
    beat = TextFormat(everything=True).line(record(ending="", letters="--"), EPOCH)
    assert beat == ended.replace("/1500 20000 ", "/+1500 +20000 ").replace(
        " done ", " open "
    )
