"""Socket activation as sd_listen_fds(3) has it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.net import inherited
from bridge.net.inherited import as_started, systemd_sockets

PROGRAM = """
import os
from bridge.net.inherited import systemd_sockets
for name, sockets in systemd_sockets(os.environ, os.getpid()).items():
    print(name, *(s.getsockname()[1] for s in sockets), *(s.get_inheritable() for s in sockets))
"""  # noqa: E501

LAUNCH = """
import fcntl, os, sys
os.environ["LISTEN_PID"] = str(os.getpid())
safe = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 100) for fd in sys.argv[2:]]
for number, fd in enumerate(safe, 3):
    os.dup2(fd, number)
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
"""


def test_without_the_variables_there_are_none() -> None:
    assert systemd_sockets({}, os.getpid()) == {}


def test_another_processs_are_not_ours() -> None:
    assert systemd_sockets({"LISTEN_PID": "1", "LISTEN_FDS": "1"}, os.getpid()) == {}


@pytest.mark.parametrize("names", ["web:web:mail", "web:web:"])
def test_sockets_are_found_by_their_names(names: str) -> None:
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    fds = [server.fileno() for server in servers]
    try:
        told = subprocess.run(
            [sys.executable, "-c", LAUNCH, PROGRAM, *map(str, fds)],
            pass_fds=fds,
            env={**os.environ, "LISTEN_FDS": "3", "LISTEN_FDNAMES": names},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
    finally:
        ports = [server.getsockname()[1] for server in servers]
        for server in servers:
            server.close()
    last = "mail" if names.endswith("mail") else "unknown"
    assert told == [
        f"web {ports[0]} {ports[1]} False False",
        f"{last} {ports[2]} False",
    ]


TAKEN = """
import os
from bridge.net.inherited import as_started, socket_names
from twisted.plugins import twisted_core  # as twistd does without a cache of plugins
assert "LISTEN_FDS" not in os.environ
os.environ["LISTEN_FDNAMES"] = "mine"  # what is said now is what counts
print(*socket_names(as_started(os.environ), os.getpid()) or ())
"""


def test_twisted_takes_the_variables_and_they_are_found_all_the_same() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = subprocess.run(
            [sys.executable, "-c", LAUNCH, TAKEN, str(server.fileno())],
            pass_fds=[server.fileno()],
            env={**os.environ, "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web"},
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout == "mine\n"


def test_a_start_without_sockets_stays_one() -> None:
    here = {"HOME": "/"}
    assert as_started(here) == here


def test_without_proc_it_is_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inherited, "ENVIRONMENT", Path("/nowhere"))
    here = {"LISTEN_PID": "1"}
    assert as_started(here) is here
