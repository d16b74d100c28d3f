"""The access log of a running gateway, as a real rsyslogd understands it."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Start
from tests.e2e.crew import Crew, changed
from tests.e2e.gateway import Gateway, relay, until
from tests.e2e.peers import echo, name_of, serving
from tests.e2e.syslogd import Rsyslogd
from tests.e2e.test_logs import configured, daemon, port_in, visit
from tests.syslogs import read_message


@pytest.fixture
def rsyslogd(tmp_path: Path) -> Iterator[Rsyslogd]:
    folder = tmp_path / "rsyslog"
    folder.mkdir()
    made = Rsyslogd(folder)
    made.start()
    yield made
    made.stop()


def logging(server: socket.socket, access: str, **log: Any) -> dict[str, Any]:
    return relay(name_of(server)) | {
        "log": {"access": access, "access_format": "text"} | log
    }


def wait(rsyslogd: Rsyslogd, count: int) -> list[dict[str, Any]]:
    """Until it has *count* messages, no more."""
    until(lambda: len(rsyslogd.understood()) >= count, f"{count} messages")
    found = rsyslogd.understood()
    assert len(found) == count
    return found


def check_header(message: dict[str, Any], pids: set[int]) -> None:
    assert message["facility"] == "local0" and message["severity"] == "info"
    assert message["host"] == socket.gethostname()
    assert (message["app"], message["kind"]) == ("bridge", "access")
    assert (message["data"], message["version"]) == ("-", "1")
    assert int(message["process"]) in pids
    assert message["time"].endswith(("Z", "+00:00"))


@pytest.mark.parametrize("kind", ["unix", "udp"])
def test_every_session_of_every_worker_is_understood(
    start: Start, server: socket.socket, rsyslogd: Rsyslogd, kind: str
) -> None:
    at = str(rsyslogd.path) if kind == "unix" else f"127.0.0.1:{rsyslogd.port}"
    made = logging(server, f"syslog:{at}", access_format="json") | {"workers": 2}
    gateway = start(made)
    pids = Crew(gateway).workers()
    with serving(server, echo):
        visit(gateway.port, 40)
        found = wait(rsyslogd, 40)
    for message in found:
        check_header(message, pids)
        assert json.loads(message["text"])["ending"] == "done"
    records = [json.loads(message["text"]) for message in found]
    assert len({record["session"] for record in records}) == 40
    workers = {
        int(m["process"]): r["worker"] for m, r in zip(found, records, strict=True)
    }
    assert len(set(workers.values())) == len(workers), "a process each"
    assert f"access log: syslog:{at}, json, times in UTC" in gateway.log


def test_a_daemon_that_is_started_again_has_lost_nothing(
    start: Start, server: socket.socket, rsyslogd: Rsyslogd
) -> None:
    gateway = start(logging(server, f"syslog:{rsyslogd.path}"))
    with serving(server, echo):
        visit(gateway.port, 3)
        wait(rsyslogd, 3)
        rsyslogd.stop()
        visit(gateway.port, 3)
        gateway.wait_log(f"access log syslog:{rsyslogd.path}: ")
        rsyslogd.start()
        gateway.wait_log("0 lines were lost")
        visit(gateway.port, 3)
        found = wait(rsyslogd, 9)
    assert all(" web web/" in message["text"] for message in found)
    assert [message["text"].count("\n") for message in found] == [0] * 9


def test_it_goes_on_over_reloads_and_usr1(
    start: Start, server: socket.socket, rsyslogd: Rsyslogd
) -> None:
    made = logging(server, f"syslog:unix:{rsyslogd.path}") | {"workers": 2}
    gateway = start(made)
    crew = Crew(gateway)
    with serving(server, echo):
        visit(gateway.port, 4)
        crew.reload(changed(made, 1))
        crew.wait_settled(2)
        visit(gateway.port, 4)
        wait(rsyslogd, 8)
        gateway.send_signal(signal.SIGUSR1)
        gateway.wait_log("signal USR1")
        visit(gateway.port, 4)
        wait(rsyslogd, 12)
        # What the file says of it, a reload brings about.
        at = f"syslog:127.0.0.1:{rsyslogd.port}"
        crew.reload(logging(server, at, access_facility="local3") | {"workers": 2})
        crew.wait_settled(2)
        visit(gateway.port, 4)
        found = wait(rsyslogd, 16)
    assert [m["facility"] for m in found] == ["local0"] * 12 + ["local3"] * 4


def test_what_the_daemon_writes_is_what_halog_reads(
    start: Start, server: socket.socket, rsyslogd: Rsyslogd
) -> None:
    at = f"syslog:{rsyslogd.path}"
    gateway = start(logging(server, at, access_prefix="syslog"))
    with serving(server, echo):
        visit(gateway.port)
        (message,) = wait(rsyslogd, 1)
    assert message["app"] == "haproxy"
    assert message["text"].startswith("::1:"), "its own prefix it leaves to the daemon"


def test_the_older_form_is_for_sockets_as_they_usually_are(
    start: Start, server: socket.socket, rsyslogd: Rsyslogd
) -> None:
    at = f"syslog:{rsyslogd.usual}"
    gateway = start(logging(server, at, access_syslog="rfc3164"))
    with serving(server, echo):
        visit(gateway.port)
        (message,) = wait(rsyslogd, 1)
    assert (message["app"], message["process"]) == ("bridge", str(gateway.pid))
    assert (message["facility"], message["severity"]) == ("local0", "info")
    assert message["text"].strip().startswith("::1:")


def test_nobody_there_stops_neither_sessions_nor_the_end(
    start: Start, server: socket.socket, tmp_path: Path
) -> None:
    gateway = start(logging(server, f"syslog:{tmp_path}/nobody"))
    with serving(server, echo):
        visit(gateway.port, 5)
        gateway.wait_log("No such file or directory; lines wait")
    assert gateway.stop() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another user")
def test_a_daemon_of_another_user_sends_what_root_may(
    server: socket.socket, tmp_path: Path
) -> None:
    """The socket is opened before it is another user's: mode 0700 is enough."""
    path = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(path))
        path.chmod(0o700)
        heard.settimeout(20)
        file = configured(tmp_path, name_of(server), access=f"syslog:{path}")
        options = ["--uid=65534", "--gid=65534"]
        with serving(server, echo), daemon(file, tmp_path, *options) as pid:
            visit(port_in((tmp_path / "twistd.log").read_text()))
            message = read_message(heard.recv(9000))
    assert message.process == str(pid)
    assert " web web/" in message.text


def test_what_a_client_sends_forges_no_message(
    start: Start, server: socket.socket, rsyslogd: Rsyslogd
) -> None:
    made = logging(server, f"syslog:{rsyslogd.path}", access_fields="all")
    made["fronts"]["web"] |= {"mode": "http"}
    gateway = start(made)
    evil = "/\x1b[31m\r<0>1 - - - - - - forged\xff\u2028".encode()
    for target in (evil, b"/" + b"\xe2" * 9000, b"/\n<0>1 - - x - - - forged"):
        with gateway.connect() as client:
            client.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: \xff\x00a\r\n\r\n")
            client.shutdown(socket.SHUT_WR)
            while client.recv(4096):
                pass
    found = wait(rsyslogd, 3)
    for message in found:
        check_header(message, {gateway.pid})
        assert "\n" not in message["text"] and "\x1b" not in message["text"]


def test_a_gateway_is_told_what_leads_nowhere(
    start: Start, server: socket.socket
) -> None:
    gateway: Gateway = start(logging(server, "off"))
    gateway.write(logging(server, "syslog:log.example.org"))
    gateway.send_signal(signal.SIGHUP)
    gateway.wait_log("leads to no daemon")
    gateway.wait_log("reload failed: the gateway goes on as it was")
