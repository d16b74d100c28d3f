"""Socket activation as sd_listen_fds(3) has it."""

import os
import socket
import subprocess
import sys

import pytest

from bridge.net.inherited import systemd_sockets

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
