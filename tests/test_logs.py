"""Where the two logs of a process go, and that one target has one outlet."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest

from bridge.config import parse
from bridge.config.model import Config
from bridge.service.log_places import STANDARD_OUTPUT, to_file, to_standard_output
from bridge.service.logs import Logs
from bridge.watch.access import TextFormat
from bridge.watch.log import Log
from bridge.watch.outlet import Outlet
from bridge.watch.record import Record
from tests.outlets import Taking
from tests.pumping import HandTurned
from tests.test_access import record
from tests.test_access_http import REQUEST


def config(access: str, more: str = "") -> Config:
    front = 'fronts: {web: {listen: "[::]:1", to: web}}'
    farm = "farms: {web: {servers: [192.0.2.1:80]}}"
    return parse(f"{front}\n{farm}\nlog: {{access: {access}{more}}}").config


def logs(
    own: Outlet | None, access: str, *, foreground: bool = True, more: str = ""
) -> Logs:
    log = Log()
    if own is not None:
        log.open(own)
    made = Logs(log)
    made.open_access(
        config(access, more), HandTurned(), foreground=foreground, owner=None
    )
    return made


def test_without_an_access_log_nobody_is_told_of_sessions() -> None:
    made = logs(None, "off")
    assert (made.lines, made.outlets, made.told) == (None, [], "no access log")
    assert made.listeners(requests=True) == (None, None, None)


def lines_of(tmp_path: Path, more: str, *, requests: bool) -> str:
    """What stands in the log of a session with two requests, and of one with none."""
    file = tmp_path / "access.log"
    made = logs(None, str(file), more=more)
    listeners = made.listeners(requests=requests)
    assert listeners.session is not None and listeners.exchange is not None
    listeners.exchange(REQUEST)
    listeners.exchange(REQUEST)
    listeners.session(record(session=REQUEST.session))
    listeners.session(record(session="other"))
    assert made.lines is not None
    made.lines.close()
    made.finish()
    return file.read_text()


def test_in_text_requests_stand_for_their_sessions(tmp_path: Path) -> None:
    told = lines_of(tmp_path, "", requests=True).splitlines()
    assert [line.endswith('"GET /index.html HTTP/1.1"') for line in told] == [
        *[True, True, False]
    ]
    assert told[2].endswith('"<BADREQ>"')


def test_sessions_without_requests_have_lines_of_sessions(tmp_path: Path) -> None:
    told = lines_of(tmp_path, "", requests=False).splitlines()
    assert [line.count('"') for line in told] == [2, 2, 0, 0]


def test_in_json_both_have_objects(tmp_path: Path) -> None:
    told = lines_of(tmp_path, ", access_format: json", requests=True).splitlines()
    kinds = [json.loads(line)["kind"] for line in told]
    assert kinds == ["request", "request", "session", "session"]


@pytest.mark.parametrize("more", ["", ", access_format: json"])
@pytest.mark.parametrize("requests", [True, False])
def test_sessions_that_ended_are_remembered_in_every_format(
    tmp_path: Path, more: str, requests: bool
) -> None:
    made = logs(None, str(tmp_path / "access.log"), more=more)
    told = made.listeners(requests=requests)
    assert told.session is not None and told.exchange is not None and made.lines
    told.exchange(REQUEST)
    told.session(record(session=REQUEST.session))
    told.session(record(session="other"))
    made.lines.close()
    names = [each["session"] for each in made.recent.told(9, 0.0)]
    assert names == ["other", REQUEST.session]
    made.finish()


def test_of_what_there_are_lines_for_who_listens_hears_of_sessions_that_are_over(
    tmp_path: Path,
) -> None:
    """Requests are no sessions, and a heartbeat is no end."""
    made = logs(None, str(tmp_path / "access.log"), more=", access_format: json")
    heard: list[Record] = []
    made.hearers.append(heard.extend)
    listeners, over = made.listeners(requests=True), record()
    assert listeners.session and listeners.exchange and listeners.beat and made.lines
    listeners.exchange(REQUEST)
    listeners.beat(record(ending=""))
    listeners.session(over)
    made.lines.close()
    made.finish()
    assert heard == [over]
    assert len(made.recent.told(9, 0.0)) == 1


def test_on_standard_output_both_logs_share_an_outlet() -> None:
    own = Outlet(Taking(), STANDARD_OUTPUT)
    made = logs(own, '"-"')
    assert made.outlets == [own] and made.lines is not None
    assert made.told == "access log: standard output, text, times in UTC"


def test_a_daemon_without_standard_output_writes_where_its_own_log_goes() -> None:
    own = Outlet(Taking(), "log /var/log/bridge.log")
    made = logs(own, '"-"', foreground=False)
    assert made.outlets == [own]
    assert made.told == "access log: /var/log/bridge.log, text, times in UTC"
    assert "twistd" in logs(None, '"-"', foreground=False).told


def test_one_file_for_both_has_one_outlet_and_another_its_own(tmp_path: Path) -> None:
    one = str(tmp_path / "one.log")
    own = to_file(one, "log", None)
    assert logs(own, one).outlets == [own]
    made = logs(own, str(tmp_path / "two.log"))
    assert [outlet.name for outlet in made.outlets] == [
        f"log {one}",
        f"access log {tmp_path}/two.log",
    ]
    made.finish()


def test_a_log_elsewhere_leaves_standard_output_to_the_access_log() -> None:
    own = Outlet(Taking(), "log /var/log/bridge.log")
    made = logs(own, '"-"')
    assert [outlet.name for outlet in made.outlets] == [own.name, STANDARD_OUTPUT]


@pytest.mark.parametrize(
    ("more", "sides"),
    [("", False), (", access_format: json", True), (", access_fields: all", True)],
)
def test_what_a_format_needs_is_known(more: str, sides: bool) -> None:
    assert logs(None, '"-"', more=more).needs_sides is sides


def test_logs_that_were_moved_are_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    made = logs(None, str(path))
    path.rename(tmp_path / "access.log.1")
    made.reopen()
    assert path.exists()
    made.finish()


@pytest.mark.parametrize(
    ("more", "head"),
    [
        ("", r"<134>1 \S+ \S+ bridge \d+ access - "),
        (", access_facility: local3", r"<158>1 \S+ \S+ bridge \d+ access - "),
        (", access_prefix: syslog", r"<134>1 \S+ \S+ haproxy \d+ access - "),
        (", access_syslog: rfc3164", r"<134>\w{3} [ \d]\d \S+ bridge\[\d+\]: "),
    ],
)
def test_a_syslog_daemon_gets_the_same_lines_as_messages(
    more: str, head: str, tmp_path: Path
) -> None:
    path = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(path))
        made = logs(None, f"syslog:{path}", more=more)
        listeners = made.listeners(requests=False)
        assert listeners.session is not None and made.lines is not None
        listeners.session(record())
        made.lines.close()
        told = daemon.recv(9000).decode()
    line = TextFormat().line(record(), 0.0)
    assert re.fullmatch(head + r"(.*)", told)
    assert told.endswith(line.partition("] ")[2]), "the date is another"
    assert made.told == f"access log: syslog:{path}, text, times in UTC"
    assert [outlet.name for outlet in made.outlets] == [f"access log syslog:{path}"]
    made.finish()
    made.outlets[0].close()


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        logs(None, str(tmp_path / "none" / "access.log"))


def test_what_waits_is_tried_again_once_the_reactor_runs() -> None:
    target = Taking()
    target.takes = 0
    made = logs(Outlet(target, STANDARD_OUTPUT), '"-"')
    made.outlets[0].put("a line\n")
    target.takes = 100
    clock = HandTurned()
    made.begin(clock)
    clock.advance(1)
    assert target.text == "a line\n"
    assert to_standard_output().name == STANDARD_OUTPUT
