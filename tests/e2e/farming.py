"""
Farms of real programs in the lab, and clients that ask them, for the tests of farms.

Here: nginx and redis on the server's addresses, how they are hurt, and a load of new
connections that remembers what became of each.  Not here: what a gateway should make
of it (``test_farms``, ``test_farm_names``).
"""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.e2e.gateway import PATIENCE, Configuration, relay, until
from tests.e2e.peers import read_all
from tests.netlab import Host, Lab
from tests.netlab.fixtures import requires

PORT = 8080
QUIET = subprocess.DEVNULL
OK = b"HTTP/1.1 200 "
OFF: Configuration = {"check": "off", "eject": "off"}
SLACK = 0.5
"""Seconds that a busy machine may be late."""

# One process, so that one kill ends all of it at once.
NGINX = """
daemon off; master_process off; user root;
pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; default_type text/plain; client_body_temp_path {folder};
  proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen {address}:8080 backlog=1024;
    location / {{ return 200 $server_addr; }}
  }}
}}
"""


class Program:
    """A server program on one address of *host*."""

    def __init__(self, host: Host, address: str, command: list[str]) -> None:
        self.address = address
        self.name = f"{address}:{PORT}"
        self._host = host
        self._command = command
        self.start()

    def start(self) -> None:
        """Run it, until it listens."""
        started = self._host.popen(self._command, stdout=QUIET)
        self._process: subprocess.Popen[Any] = started
        until(self._listens, f"{self.name} to listen")

    def kill(self) -> float:
        """As ``kill -9`` does; the moment at which nothing of it was left."""
        self._process.kill()
        self._process.wait()
        return time.monotonic()

    @contextmanager
    def frozen(self) -> Iterator[float]:
        """It does nothing in the block, while the kernel accepts for it; since when."""
        self._process.send_signal(signal.SIGSTOP)
        status = Path(f"/proc/{self._process.pid}/status")
        until(lambda: "State:\tT" in status.read_text(), "the program to stop")
        try:
            yield time.monotonic()
        finally:
            self._process.send_signal(signal.SIGCONT)

    def _listens(self) -> bool:
        try:
            where = (self.address, PORT)
            self._host.connect(where).close()
        except ConnectionRefusedError:
            return False
        return True


def nginx(host: Host, address: str, folder: Path) -> Program:
    """One that answers every request with its address."""
    home = folder / f"nginx-{address}"
    home.mkdir()
    file = home / "nginx.conf"
    file.write_text(NGINX.format(folder=home, address=address))
    log = f"{home}/error.log"
    return Program(host, address, [requires("nginx"), "-e", log, "-c", str(file)])


def redis(host: Host, address: str, folder: Path) -> Program:
    """One that keeps nothing."""
    command = [requires("redis-server"), "--port", str(PORT), "--bind", address]
    options = ["--save", "", "--protected-mode", "no", "--dir", str(folder)]
    return Program(host, address, command + options)


def through(lab: Lab, farm: Configuration, *servers: object) -> Configuration:
    """From the gateway's IPv6 address to a farm of *servers*, by default all."""
    everyone = [f"{address}:{PORT}" for address in lab.server.addresses]
    made = relay(listen=f"[{lab.front_address}]:{PORT}", farm=farm)
    made["farms"]["web"]["servers"] = list(servers or everyone)
    return made


def check(**settings: Any) -> Configuration:
    """A farm that is checked quickly."""
    quick = {"kind": "tcp", "interval": "200ms", "timeout": "100ms"}
    return {"check": quick | settings}


def get(lab: Lab, timeout: float = PATIENCE) -> str:
    """Which nginx answers a new connection's request; every OSError is a failure."""
    with lab.client.connect((lab.front_address, PORT), timeout) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        head, _, body = read_all(client).partition(b"\r\n\r\n")
    if not head.startswith(OK):
        raise OSError(f"answered {head[:100]!r}")
    return body.decode()


def ping(lab: Lab, timeout: float = PATIENCE) -> str:
    """One question to redis over a new connection."""
    with lab.client.connect((lab.front_address, PORT), timeout) as client:
        client.sendall(b"PING\r\n")
        answer = client.recv(100)
    if answer != b"+PONG\r\n":
        raise OSError(f"answered {answer!r}")
    return "redis"


def ask(client: socket.socket) -> str:
    """One request of many over *client*: who answers."""
    client.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
    answer = client.recv(4096)
    assert answer.startswith(OK), answer
    return answer.partition(b"\r\n\r\n")[2].decode()


@dataclass(frozen=True)
class Answer:
    """What became of one connection."""

    began: float
    server: str
    error: str


class Load:
    """Some clients that *ask* over and over, from the block's beginning to its end."""

    def __init__(self, ask: Callable[[], str], clients: int = 4) -> None:
        self._ask = ask
        self._answers: list[Answer] = []
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, daemon=True) for _ in range(clients)
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(2 * PATIENCE)
            assert not thread.is_alive(), "a client hangs"

    def _run(self) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            try:
                answer = Answer(began, self._ask(), "")
            except OSError as error:
                answer = Answer(began, "", repr(error))
            self._answers.append(answer)

    def wait(self, count: int) -> None:
        """Until there are *count* answers more than now."""
        enough = len(self._answers) + count
        until(lambda: len(self._answers) >= enough, f"{count} answers more")

    def since(self, moment: float) -> list[Answer]:
        """What became of the connections begun after *moment*."""
        return [answer for answer in self._answers if answer.began > moment]


def block(lab: Lab, address: str, verdict: str) -> None:
    """
    Have the server's firewall do to all TCP for *address* what *verdict* says, such as
    ``drop``; for good, as the lab does not outlive the test.
    """
    rules = (
        "table inet farm { chain blocked { type filter hook input priority 0; "
        f"ip daddr {address} meta l4proto tcp {verdict}; }}; }}"
    )
    lab.server.run([requires("nft"), "-f", "-"], input=rules)
