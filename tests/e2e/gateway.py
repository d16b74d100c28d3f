"""
A gateway under test: ``twistd bridge`` as a process of its own.

Here: writing its configuration, starting it on loopback or on a host of the lab,
waiting until it listens, and reading what it tells (log, access records, /proc).
Not here: anything that talks through it (``peers``).
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.netlab import Host

Configuration = dict[str, Any]
Record = dict[str, Any]

TWISTD = Path(sys.executable).with_name("twistd")
PATIENCE = 20.0
"""Seconds that tell a hang from a slow machine; nothing here needs a second."""

MARK = "BRIDGE_TEST"

_LISTENS = re.compile(r"(\S+) listens on \[?([^\s\]]+)\]?:(\d+),")
_LIMITED = 'ulimit -n "$0"; exec "$@"'


def until(
    condition: Callable[[], object], what: str, timeout: float = PATIENCE
) -> None:
    """Poll until *condition* holds; an AssertionError naming *what* otherwise."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout:g} s in vain for {what}"
        time.sleep(0.01)


def relay(
    *servers: str,
    listen: str | list[str] = "[::1]:0",
    front: Configuration | None = None,
    farm: Configuration | None = None,
) -> Configuration:
    """A configuration of one front and one farm, both called web."""
    return {
        "fronts": {"web": {"listen": listen, "to": "web"} | (front or {})},
        "farms": {"web": {"servers": list(servers)} | (farm or {})},
    }


class Gateway:
    """
    A running gateway that keeps everything it writes in *folder*.

    *host* runs it in the lab; *files* is its limit of open files; *environment* and
    *pass_fds* are the process's; *wrapper* is a command to run it by.

    A farm that says nothing of checks has none, and there is no admin socket and no
    page that is not asked for: the tests count what they accept, and what is open.
    """

    def __init__(
        self, folder: Path, configuration: Configuration, **options: Any
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.fails = False
        """The test has something in it fail."""
        self.access = folder / "access.json"
        self.file = folder / "bridge.yaml"
        self.write(configuration)
        self._host: Host | None = options.pop("host", None)
        self.process = self._spawn(**options)

    def write(self, configuration: Configuration) -> None:
        """Have its file say so, for it to start with or to read again."""
        told = {"access": str(self.access), "access_format": "json"}
        self.configuration = {
            **configuration,
            "farms": {
                name: {"check": "off"} | farm
                for name, farm in configuration["farms"].items()
            },
            "admin": {"socket": "off", "web": "off"} | configuration.get("admin", {}),
            "log": told | configuration.get("log", {}),
            "timeouts": {"drain_timeout": "2s"} | configuration.get("timeouts", {}),
        }
        self.file.write_text(json.dumps(self.configuration, indent=1))

    def _spawn(
        self,
        files: int | None = None,
        environment: dict[str, str] | None = None,
        pass_fds: Sequence[int] = (),
        wrapper: Sequence[str] = (),
    ) -> subprocess.Popen[bytes]:
        command = [*wrapper, *twistd("--config", str(self.file))]
        if files is not None:
            command = ["sh", "-c", _LIMITED, str(files), *command]
        start = subprocess.Popen if self._host is None else self._host.popen
        with (
            open(self._folder / "log", "wb") as log,
            open(self._folder / "errors", "wb") as errors,
        ):
            return start(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=errors,
                pass_fds=pass_fds,
                env={**os.environ, MARK: self.mark, **(environment or {})},
            )

    @property
    def mark(self) -> str:
        """What its processes have in their environment as MARK, and no others."""
        return str(self._folder)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    # Starting and stopping

    def wait(self) -> Gateway:
        """Until it listens, and obeys signals."""
        until(
            lambda: not self.running or (self._obeys() and self._listens()),
            "the gateway to start",
            2 * PATIENCE,
        )
        assert self.running, f"it did not start:\n{self.log}{self.errors}"
        return self

    def _obeys(self) -> bool:
        """It catches signals from the reactor's first turn on: after listening."""
        caught = re.search(r"SigCgt:\s+(\w+)", self._proc("status"))
        return bool(caught and int(caught[1], 16) & 1 << signal.SIGUSR2 - 1)

    def _listens(self) -> bool:
        """Of several workers the first says so; by then everybody may come."""
        fronts = len(self.configuration["fronts"])
        workers = self.configuration.get("workers", 1)
        return workers == 1 or len(_LISTENS.findall(self.log)) >= fronts

    def send_signal(self, number: int) -> None:
        self.process.send_signal(number)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """What happens meanwhile, it finds all at once when it goes on."""
        self.send_signal(signal.SIGSTOP)
        until(lambda: "State:\tT" in self._proc("status"), "the process to stop")
        try:
            yield
        finally:
            self.send_signal(signal.SIGCONT)

    def stop(self, number: int = signal.SIGTERM, timeout: float = PATIENCE) -> int:
        """Ask it to end, and wait: its exit code."""
        if self.running:
            self.send_signal(number)
        return self.process.wait(timeout)

    def close(self) -> None:
        """End it in any case.  A traceback in its log is an error, unless it fails."""
        if self.running:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if not self.fails:
            assert "Traceback" not in self.log + self.errors, self.log + self.errors

    # Talking to it

    def addresses(self, front: str = "web") -> list[tuple[str, int]]:
        """Where *front* listens, as the log has it."""
        found = _LISTENS.findall(self.log)
        return [(host, int(port)) for name, host, port in found if name == front]

    @property
    def port(self) -> int:
        """The first port of the front called web."""
        return self.addresses()[0][1]

    def connect(self, front: str = "web", timeout: float = PATIENCE) -> socket.socket:
        """A client's connection, over loopback."""
        return socket.create_connection(self.addresses(front)[0], timeout)

    def connect_dialing(self) -> socket.socket:
        """A client's connection, once the SYN to a server that is silent was sent."""
        before = self.sockets()
        client = self.connect()
        self.wait_sockets(before + 2)
        return client

    # What it tells

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")

    @property
    def errors(self) -> str:
        return (self._folder / "errors").read_text(errors="replace")

    def wait_log(self, text: str, times: int = 1) -> None:
        until(lambda: self.log.count(text) >= times, f"{text!r} in the log")

    def told(self, kind: str = "session") -> list[Record]:
        """The access records of a *kind* written so far."""
        if not self.access.exists():
            return []
        lines = self.access.read_text().splitlines(keepends=True)
        records = [json.loads(line) for line in lines if line.endswith("\n")]
        return [record for record in records if record["kind"] == kind]

    def records(
        self, count: int, timeout: float = PATIENCE, kind: str = "session"
    ) -> list[Record]:
        """Exactly *count* access records of a *kind*, waited for."""
        what = f"{count} access records"
        until(lambda: len(self.told(kind)) >= count, what, timeout)
        records = self.told(kind)
        assert len(records) == count, f"{len(records)} records instead of {count}"
        return records

    def record(self) -> Record:
        """The one access record there is."""
        return self.records(1)[0]

    def state(self) -> str:
        """What USR2 makes it write to its log: the last line of it."""
        before = self.log.count("descriptors watched")
        self.send_signal(signal.SIGUSR2)
        self.wait_log("descriptors watched", before + 1)
        return next(
            line
            for line in reversed(self.log.splitlines())
            if "descriptors watched" in line
        )

    def descriptors(self, kind: str = "") -> int:
        """How many are open; of one *kind*, such as ``socket`` or ``pipe``."""
        return sum(link.startswith(kind) for link in self._open_files())

    def _open_files(self) -> Iterator[str]:
        """What each descriptor is of."""
        for name in os.listdir(f"/proc/{self.pid}/fd"):
            with suppress(FileNotFoundError):  # closed meanwhile
                yield os.readlink(f"/proc/{self.pid}/fd/{name}")

    def sockets(self) -> int:
        """
        How many are open, by however many descriptors each: of all but the one that
        hears of interfaces, which is always there.
        """
        known = {f"socket:[{line.split()[-1]}]" for line in self._netlink()}
        found = {link for link in self._open_files() if link.startswith("socket")}
        return len(found - known)

    def _netlink(self) -> list[str]:
        """What its namespace has of that kind, each line ending with an inode."""
        return self._proc("net/netlink").splitlines()[1:]

    def wait_sockets(self, count: int) -> None:
        """Until exactly *count* sockets are open."""
        until(lambda: self.sockets() == count, f"{count} open sockets")

    def wait_idle(self) -> None:
        """Until no socket is open but those that listen."""
        self.wait_sockets(len(self.addresses()))

    def rss(self) -> int:
        """Resident memory, in bytes."""
        found = re.search(r"VmRSS:\s+(\d+) kB", self._proc("status"))
        assert found is not None
        return int(found[1]) * 1024

    def _proc(self, name: str) -> str:
        return Path(f"/proc/{self.pid}/{name}").read_text()


def twistd(*arguments: str) -> list[str]:
    """The command that runs the gateway in the foreground with *arguments*."""
    return [sys.executable, str(TWISTD), "-n", "--pidfile=", "bridge", *arguments]


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run it to its end: for what it says and exits with when it does not serve."""
    options = {"capture_output": True, "text": True, "timeout": PATIENCE} | options
    return subprocess.run(twistd(*arguments), **options)
