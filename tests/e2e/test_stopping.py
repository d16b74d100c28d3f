"""Signals and exit codes: how the gateway ends, and how it refuses to begin."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, TWISTD, Gateway, relay, run, twistd, until
from tests.e2e.peers import accept, echo, ends_reset, name_of, read_all, serving
from tests.netlab.fixtures import missing

GOOD = """\
fronts: {web: {listen: "[::1]:0", to: web}}
farms: {web: {servers: ["127.0.0.1:80"]}}
log: {access: off}
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_running_session_may_finish_and_no_new_one_begins(
    start: Start, server: socket.socket, number: int
) -> None:
    patient = relay(name_of(server)) | {"timeouts": {"drain_timeout": "20s"}}
    gateway = start(patient)
    address = gateway.addresses()[0]
    with gateway.connect() as client, accept(server) as accepted:
        gateway.send_signal(number)
        gateway.wait_log("1 sessions may finish within")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, PATIENCE)
        client.sendall(b"still there?")
        assert accepted.recv(100) == b"still there?"
        accepted.sendall(b"yes")
        accepted.shutdown(socket.SHUT_WR)
        assert read_all(client) == b"yes"
        assert gateway.running
    assert gateway.process.wait(PATIENCE) == 0
    assert gateway.record()["ending"] == "done"


def test_listeners_stay_open_for_drain_delay(
    start: Start, server: socket.socket
) -> None:
    gateway = start(relay(name_of(server)) | {"timeouts": {"drain_delay": "2s"}})
    began = time.monotonic()
    with serving(server, echo):
        gateway.send_signal(signal.SIGTERM)
        gateway.wait_log("listeners close in 2 s")
        with gateway.connect() as client:
            client.sendall(b"late")
            assert client.recv(100) == b"late"
        assert gateway.process.wait(PATIENCE) == 0
    assert time.monotonic() - began >= 1.9
    assert gateway.record()["ending"] == "done"


def test_what_is_left_after_drain_timeout_is_reset(
    start: Start, server: socket.socket
) -> None:
    gateway = start(relay(name_of(server)) | {"timeouts": {"drain_timeout": "300ms"}})
    with gateway.connect() as client, accept(server) as accepted:
        assert gateway.stop() == 0
        assert ends_reset(client) == b""
        assert ends_reset(accepted) == b""
    assert gateway.record()["ending"] == "drained"


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once(
    start: Start, server: socket.socket, second: int
) -> None:
    forever = relay(name_of(server)) | {"timeouts": {"drain_timeout": "1h"}}
    gateway = start(forever)
    with gateway.connect() as client, accept(server):
        gateway.send_signal(signal.SIGTERM)
        gateway.wait_log("may finish within")
        assert gateway.stop(second) == 0
        assert ends_reset(client) == b""
    assert gateway.record()["ending"] == "drained"


@pytest.mark.parametrize(
    "numbers",
    [
        (signal.SIGTERM, signal.SIGINT),
        (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2),
    ],
)
def test_two_signals_in_one_turn_end_at_once(
    start: Start, server: socket.socket, numbers: tuple[int, ...]
) -> None:
    forever = relay(name_of(server)) | {"timeouts": {"drain_timeout": "1h"}}
    gateway = start(forever)
    with gateway.connect() as client, accept(server):
        with gateway.stopped():
            for number in numbers:
                gateway.send_signal(number)
        assert gateway.process.wait(PATIENCE) == 0
        assert ends_reset(client) == b""
    assert gateway.record()["ending"] == "drained"
    assert "Traceback" not in gateway.log


def test_a_unix_socket_whose_file_is_gone_does_not_keep_it(
    start: Start, server: socket.socket, tmp_path: Path
) -> None:
    path = tmp_path / "x.sock"
    both = ["[::1]:0", f"unix:{path}"]
    gateway = start(relay(name_of(server), listen=both))
    path.unlink()
    assert gateway.stop() == 0
    assert "bridge has stopped" in gateway.log


def test_a_unix_socket_that_cannot_be_removed_is_told_and_left(
    tmp_path: Path,
) -> None:
    """Bound as root, in a folder of root's, and given up by somebody else."""
    if os.geteuid():
        missing("needs root, to be somebody else")
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    path = folder / "x.sock"
    file, log = folder / "bridge.yaml", tmp_path / "log"
    file.write_text(GOOD.replace("[::1]:0", f"unix:{path}"))
    command = [sys.executable, str(TWISTD), "-n", "--pidfile=", "--uid", "65534"]
    with open(log, "wb") as output:
        gateway = subprocess.Popen(
            [*command, "bridge", "--config", str(file)], stdout=output, stderr=output
        )
    try:
        until(lambda: b"listens on" in log.read_bytes(), "the gateway to start")
        gateway.terminate()
        assert gateway.wait(PATIENCE) == 0
        told = log.read_text()
        assert "is left where it is: Permission denied" in told
        assert "bridge has stopped" in told
        assert "Traceback" not in told
    finally:
        gateway.kill()
        gateway.wait()
        shutil.rmtree(folder)


def test_hup_changes_nothing_where_nothing_has_changed(
    start: Start, server: socket.socket
) -> None:
    gateway = start(relay(name_of(server)))
    with gateway.connect() as client, accept(server) as accepted:
        gateway.send_signal(signal.SIGHUP)
        gateway.wait_log("the configuration is as it was")
        client.sendall(b"alive")
        assert accepted.recv(100) == b"alive"


def test_usr1_reopens_the_access_log(start: Start, server: socket.socket) -> None:
    gateway = start(relay(name_of(server)))
    moved = gateway.access.with_suffix(".1")
    with serving(server, echo):
        gateway.connect().close()
        gateway.records(1)
        gateway.access.rename(moved)
        gateway.send_signal(signal.SIGUSR1)
        until(gateway.access.exists, "a new access log")
        gateway.connect().close()
        gateway.records(1)
    assert moved.read_text().count("\n") == 1


def test_usr2_tells_the_state(start: Start, server: socket.socket) -> None:
    gateway = start(relay(name_of(server)))
    with gateway.connect(), accept(server):
        assert "3 descriptors watched, 0 pipes kept" in gateway.state()
        assert "web: 1 sessions active, 1 accepted" in gateway.log


def test_a_taken_port_exits_with_1_and_names_it(
    server: socket.socket, tmp_path: Path
) -> None:
    gateway = Gateway(tmp_path, relay("127.0.0.1:80", listen=name_of(server)))
    assert gateway.process.wait(PATIENCE) == 1
    expected = f"front web cannot listen on {name_of(server)}: Address already in use"
    assert expected in gateway.log + gateway.errors
    assert "Traceback" not in gateway.log + gateway.errors


def test_a_broken_configuration_exits_with_78_and_says_where(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(GOOD.replace("to: web", "too: web"))
    told = run("--config", str(file))
    assert told.returncode == 78
    assert f"{file}:1:" in told.stderr
    assert "did you mean" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    "arguments",
    [(), ("--nonsense",), ("--config",), ("--demo", "--config", "x"), ("extra",)],
)
def test_a_wrong_command_line_exits_with_2(arguments: tuple[str, ...]) -> None:
    told = run(*arguments)
    assert told.returncode == 2
    assert "Traceback" not in told.stderr


def test_check_says_what_there_is_and_exits(tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_text(GOOD)
    told = run("--config", str(file), "--check")
    assert told.stdout == f"{file}: ok (1 front, 1 farm, 1 server)\n"
    assert told.returncode == 0


def test_check_warns_of_what_cannot_work_here(tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text(GOOD + "profiles: {mine: {interface: nowhere0}}\n")
    file.write_text(file.read_text().replace("to: web", "to: web, profile: mine"))
    told = run("--config", str(file), "--check")
    assert told.returncode == 0
    assert f"warning: {file}:" in told.stderr
    assert "nowhere0" in told.stderr


def test_the_plugin_is_found_from_anywhere() -> None:
    command = [sys.executable, str(TWISTD), "bridge", "--help"]
    told = subprocess.run(
        command, cwd="/", capture_output=True, text=True, timeout=PATIENCE
    )
    assert told.returncode == 0
    assert "--config" in told.stdout


def hello() -> str:
    """What the demo answers; empty as long as it does not."""
    try:
        client = socket.create_connection(("::1", 8080), PATIENCE)
    except ConnectionRefusedError:
        return ""
    with client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return read_all(client).decode()


def test_the_demo_answers_on_loopback(tmp_path: Path) -> None:
    if hello():
        missing("needs port 8080 of [::1], which is taken")
    log = tmp_path / "log"
    with open(log, "wb") as output:
        demo = subprocess.Popen(
            twistd("--demo"), stdout=output, stderr=output, cwd=tmp_path
        )
    try:
        until(lambda: hello() or demo.poll() is not None, "the demo to answer")
        names = {hello().partition("Hello from ")[2].partition(",")[0] for _ in "12345"}
        assert names == {"red", "green", "blue"}
        demo.terminate()
        assert demo.wait(PATIENCE) == 0, log.read_text()
    finally:
        demo.kill()
        demo.wait()
