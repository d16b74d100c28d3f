"""
The processes that one gateway is, and whose sessions are whose: what /proc tells.

Also what an operator does to them all: signals, ``bridgectl``, another configuration.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.e2e.gateway import MARK, PATIENCE, Configuration, Gateway, until

PROC = Path("/proc")
NURSERY = b"bridge.processes.nursery"
CONNECTED = {"01", "08"}
"""ESTABLISHED and CLOSE_WAIT in /proc/net/tcp."""
LISTENING = "0A"
TOOK_OVER = "has taken over"
AS_IT_WAS = "reload failed: the gateway goes on as it was"


class Crew:
    """Of *gateway*, whose admin socket is beside its configuration."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._mark = f"{MARK}={gateway.mark}".encode()

    # Who there is

    def all(self) -> set[int]:
        """Every process of it that runs."""
        return {pid for pid in _processes() if self._mark in _environment(pid)}

    def nurseries(self) -> set[int]:
        """Those that workers are forked from."""
        return {
            pid
            for pid in self.all()
            if NURSERY in _read(pid, "cmdline") and _parent(pid) == self.gateway.pid
        }

    def workers(self) -> set[int]:
        """Those of every generation; without any, none."""
        return self.all() - self.nurseries() - {self.gateway.pid}

    def wait_workers(self, count: int) -> set[int]:
        """Until there are so many, no more: which."""
        until(
            lambda: len(self.workers()) == count,
            f"{count} workers of {len(self.workers())}",
            3 * PATIENCE,
        )
        return self.workers()

    def wait_settled(self, workers: int) -> None:
        """Until the last generation is alone, and has so many *workers*."""
        nurseries = int(workers > 0)

        def settled() -> bool:
            found = len(self.workers()), len(self.nurseries())
            return found == (workers, nurseries)

        until(settled, f"{workers} workers and no other process", 3 * PATIENCE)

    def clients_of(self, pid: int) -> set[int]:
        """The ports of the clients that *pid* has sessions with, of front web."""
        port = self.gateway.port
        inodes = _sockets(pid)
        return {
            remote
            for local, remote, state, inode in _connections()
            if local == port and state in CONNECTED and inode in inodes
        }

    # What is done to them

    def reload(self, configuration: Configuration | None = None) -> None:
        """By signal, with another *configuration*; until it is over and has worked."""
        if configuration is not None:
            self.gateway.write(configuration)
        before = self.gateway.log.count(TOOK_OVER)
        self.gateway.send_signal(signal.SIGHUP)
        self.gateway.wait_log(TOOK_OVER, before + 1)

    def control(self, *words: str) -> subprocess.CompletedProcess[str]:
        """``bridgectl`` with these *words*, to its end."""
        socket = str(self.socket)
        return subprocess.run(
            [sys.executable, "-m", "bridge", *words, "--socket", socket],
            capture_output=True,
            text=True,
            timeout=3 * PATIENCE,
        )

    def ask(self, *words: str) -> Any:
        """What ``bridgectl --json`` answers; an error is an AssertionError."""
        ran = self.control(*words, "--json")
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return json.loads(ran.stdout)

    @property
    def socket(self) -> Path:
        return Path(self.gateway.configuration["admin"]["socket"])


def administered(configuration: Configuration, folder: Path) -> Configuration:
    """*configuration* with an admin socket in *folder*."""
    return configuration | {"admin": {"socket": str(folder / "admin.sock")}}


def changed(configuration: Configuration, number: int) -> Configuration:
    """The same but for a setting that nobody feels."""
    web = configuration["fronts"]["web"] | {"timeouts": {"idle": 3600 + number}}
    return configuration | {"fronts": configuration["fronts"] | {"web": web}}


def kill(pid: int) -> None:
    """As ``kill -9`` does, until nothing of it is left but what its parent reads."""
    os.kill(pid, signal.SIGKILL)
    until(lambda: _state(pid) in ("", "Z"), f"process {pid} to be gone")


def gone(pid: int) -> bool:
    return _state(pid) in ("", "Z")


def listens(port: int) -> bool:
    """Whether anybody does on this host, seen without connecting."""
    return any(c[:3] == (port, 0, LISTENING) for c in _connections())


# /proc: whatever has ended meanwhile is not there


def _processes() -> Iterator[int]:
    for name in os.listdir(PROC):
        if name.isdecimal() and not gone(int(name)):
            yield int(name)


def _read(pid: int, name: str) -> bytes:
    with suppress(OSError):
        return (PROC / str(pid) / name).read_bytes()
    return b""


def _environment(pid: int) -> list[bytes]:
    return _read(pid, "environ").split(b"\0")


def _state(pid: int) -> str:
    found = re.search(rb"\) (\w) ", _read(pid, "stat"))
    return found[1].decode() if found else ""


def _parent(pid: int) -> int:
    found = re.search(rb"\) \w (\d+) ", _read(pid, "stat"))
    return int(found[1]) if found else 0


def _sockets(pid: int) -> set[str]:
    """Inodes of the sockets that *pid* has open."""
    found = set()
    with suppress(OSError):
        for name in os.listdir(PROC / str(pid) / "fd"):
            with suppress(OSError):
                link = os.readlink(PROC / str(pid) / "fd" / name)
                if link.startswith("socket:["):
                    found.add(link[8:-1])
    return found


def _connections() -> Iterator[tuple[int, int, str, str]]:
    """Local and remote port, state and inode of every TCP socket."""
    for name in ("tcp", "tcp6"):
        for line in (PROC / "net" / name).read_text().splitlines()[1:]:
            fields = line.split()
            local, remote = (int(end.rpartition(":")[2], 16) for end in fields[1:3])
            yield local, remote, fields[3], fields[9]
