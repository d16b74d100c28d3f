"""Both logs of a running gateway: nobody reads them, a disk is full, files move."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, TWISTD, relay, until
from tests.e2e.peers import echo, name_of, serving

NAMED = "a" * 60
"""Of a server: so that few lines fill a pipe."""


def configured(folder: Path, server: str, **log: Any) -> Path:
    """A configuration file in *folder*."""
    written = relay()
    written["farms"]["web"] |= {
        "servers": [{"address": server, "name": NAMED}],
        "check": "off",
    }
    file = folder / "bridge.yaml"
    file.write_text(json.dumps(written | {"log": log}))
    return file


def port_in(text: str) -> int:
    found = re.search(r"web listens on \[::1\]:(\d+)", text)
    assert found, text
    return int(found[1])


def visit(port: int, times: int = 1) -> None:
    """Whole sessions, one after the other."""
    for _ in range(times):
        with socket.create_connection(("::1", port), PATIENCE) as client:
            client.sendall(b"x")
            assert client.recv(1) == b"x"
            client.shutdown(socket.SHUT_WR)
            assert client.recv(1) == b""


def test_nobody_who_reads_the_logs_can_stop_the_gateway(
    server: socket.socket, tmp_path: Path
) -> None:
    file = configured(tmp_path, name_of(server), access="-", level="debug")
    command = [str(TWISTD), "-n", "--pidfile=", "bridge", "--config", str(file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        told = b""
        while b"listens on" not in told:
            told += os.read(process.stdout.fileno(), 4096)
        with serving(server, echo):
            visit(port_in(told.decode()), 200)
            process.send_signal(signal.SIGTERM)
            told += process.stdout.read()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert len(told) > 65536, "more than the pipe holds"
    lines = told.decode().splitlines()
    assert sum(f"web/{NAMED} " in line for line in lines) == 200
    whole = re.compile(r"\d{4}-\d\d-\d\dT\S+Z \w+ +\S.*|::1:\d+ \[.* 0/0")
    assert [line for line in lines if not whole.fullmatch(line)] == []
    theirs = re.compile(r" info  (twisted|log_legacy)")
    ours = [line for line in lines if not theirs.search(line)]
    assert "bridge has stopped" in ours[-1], "after all that sessions had to say"


def test_the_own_log_goes_on_after_usr1(start: Start, server: socket.socket) -> None:
    gateway = start(relay(name_of(server)))
    gateway.send_signal(signal.SIGUSR1)
    gateway.state()


def test_a_full_disk_tears_no_line_and_it_is_said_when_it_goes_on(
    start: Start, server: socket.socket
) -> None:
    gateway = start(relay(name_of(server)))
    unlimited = resource.RLIM_INFINITY
    with serving(server, echo):
        visit(gateway.port)
        gateway.records(1)
        full = gateway.access.stat().st_size + 100
        resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (full, unlimited))
        visit(gateway.port, 5)
        gateway.wait_log(f"access log {gateway.access}: File too large")
        assert gateway.access.stat().st_size == full, "torn"
        resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
        visit(gateway.port)
        assert len(gateway.records(7)) == 7
    gateway.wait_log("goes on (File too large): 0 lines were lost")


def test_relative_paths_begin_in_the_files_folder(
    server: socket.socket, tmp_path: Path
) -> None:
    file = configured(tmp_path, name_of(server), access="access.log")
    with daemon(file, tmp_path / "elsewhere"):
        assert (tmp_path / "access.log").exists()


# As a daemon


def opened(pid: int) -> set[Path]:
    """The files that a process has open."""
    files = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since
            files.add(each.readlink())
    return files


@contextmanager
def daemon(file: Path, folder: Path, *options: str) -> Iterator[int]:
    """Started in *folder*: its process."""
    folder.mkdir(exist_ok=True)
    pidfile = folder / "pid"
    command = [str(TWISTD), "--pidfile", str(pidfile), *options]
    ran = subprocess.run(
        [*command, "bridge", "--config", str(file)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    pid = int(pidfile.read_text())
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGTERM)
        until(lambda: not Path(f"/proc/{pid}").exists(), "the daemon to end")


def test_a_daemons_access_log_is_beside_its_own(
    server: socket.socket, tmp_path: Path
) -> None:
    """With all defaults: there is no standard output."""
    log = tmp_path / "twistd.log"
    file = configured(tmp_path, name_of(server))
    with serving(server, echo), daemon(file, tmp_path):
        visit(port_in(log.read_text()), 2)
        assert f"access log: {log}, text, times in UTC" in log.read_text()
    text = log.read_text()
    assert text.count(f"] web web/{NAMED} ") == 2
    assert "bridge has stopped" in text.splitlines()[-1]


def test_a_daemon_that_cannot_listen_says_so_in_one_line_where_it_was_started(
    server: socket.socket, tmp_path: Path
) -> None:
    written = relay("127.0.0.1:9", listen=name_of(server))
    file = tmp_path / "bridge.yaml"
    file.write_text(json.dumps(written))
    told = [
        subprocess.run(
            [str(TWISTD), *options, "bridge", "--config", str(file)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        for options in ([], ["-n"])
    ]
    why = f"front web cannot listen on {name_of(server)}: Address already in use"
    line = told[0].stderr
    assert line.startswith(f"twistd bridge: {why}")
    assert line.count("\n") == 1
    assert line == told[1].stderr, "as in the foreground"
    assert told[0].returncode == told[1].returncode == 1
    log = (tmp_path / "twistd.log").read_text()
    assert log.count("\n") == 1
    assert f"critical {why}" in log
    assert not (tmp_path / "twistd.pid").exists()


@pytest.mark.parametrize("foreground", [[], ["-n"]])
@pytest.mark.parametrize(
    ("option", "why"),
    [
        ("--pidfile=away/p", "pidfile away/p: No such file or directory: name another"),
        ("--pidfile=.", "pidfile .: Is a directory: name another"),
        ("--rundir=away", "rundir away: No such file or directory: make it"),
    ],
)
def test_where_twistd_cannot_write_is_said_in_one_line(
    option: str, why: str, foreground: list[str], tmp_path: Path
) -> None:
    file = configured(tmp_path, "127.0.0.1:9")
    before = set(tmp_path.iterdir())
    ran = subprocess.run(
        [str(TWISTD), *foreground, option, "bridge", "--config", str(file)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.stderr.startswith(f"twistd bridge: {why}")
    assert ran.stderr.count("\n") == 1
    assert ran.returncode == 1
    assert set(tmp_path.iterdir()) == before, "and leaves nothing behind"


def test_a_daemon_cannot_log_to_standard_output(tmp_path: Path) -> None:
    file = configured(tmp_path, "127.0.0.1:9")
    ran = subprocess.run(
        [str(TWISTD), "--logfile=-", "bridge", "--config", str(file)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.returncode == 2
    assert "a daemon has no standard output" in ran.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another user")
def test_files_of_another_user_are_reopened_or_named(server: socket.socket) -> None:
    """In a folder of root's nobody else makes a file; one that is there is theirs."""
    folder = Path(f"/tmp/bridge-test-{os.getpid()}")
    folder.mkdir(mode=0o755)
    try:
        access = folder / "access.log"
        own = folder / "own.log"
        file = configured(folder, name_of(server), access=str(access))
        options = ["--uid=65534", "--gid=65534", "--logfile", str(own), "--umask=022"]
        with serving(server, echo), daemon(file, folder, *options) as pid:
            assert access.stat().st_uid == own.stat().st_uid == 65534
            port = port_in(own.read_text())
            os.kill(pid, signal.SIGUSR1)  # nothing has moved
            visit(port)
            until(lambda: access.read_text().count("\n") == 1, "a line")
            assert "cannot reopen" not in own.read_text()
            access.rename(folder / "moved.log")
            os.kill(pid, signal.SIGUSR1)
            what = f"access log {access}: cannot reopen: Permission denied"
            until(lambda: what in own.read_text(), what)
            visit(port)
            moved = folder / "moved.log"
            until(lambda: moved.read_text().count("\n") == 2, "the old file to go on")
            access.touch()
            os.chown(access, 65534, 65534)  # as logrotate's create does
            os.kill(pid, signal.SIGUSR1)
            until(lambda: access in opened(pid), "the new file to be opened")
            visit(port)
            until(lambda: access.read_text().count("\n") == 1, "the new file")
    finally:
        for each in folder.iterdir():
            each.unlink()
        folder.rmdir()
