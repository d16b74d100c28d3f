"""
A machine of our own, with systemd as its first process, to install things on.

Its files are this machine's, of which it changes a copy in memory (overlayfs); its
network has nothing but loopback.  Needs root and systemd-nspawn(1); where either is
missing the test ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.gateway import PATIENCE, until
from tests.netlab.fixtures import missing, requires

SLOW = 120.0
"""Seconds for an installation."""

# The mounts are nspawn's own, and end with it.  basic.target: none of the services that
# happen to be enabled here.
_BOOT = """\
set -e
mount -t tmpfs -o mode=755 bridge-test "$1"
mkdir "$1/changes" "$1/work" "$1/root"
mount -t overlay -o lowerdir=/,upperdir="$1/changes",workdir="$1/work" overlay "$1/root"
: > "$1/root/etc/machine-id"
exec systemd-nspawn --quiet --register=no --keep-unit --directory="$1/root" \
    --private-network --console=pipe --kill-signal=SIGRTMIN+3 \
    --machine=bridge-test /lib/systemd/systemd --unit=basic.target
"""

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Machine:
    """One that runs; *leader* is the process that is its first."""

    def __init__(self, nspawn: subprocess.Popen[bytes], leader: int) -> None:
        self._nspawn = nspawn
        self._leader = leader
        self._programs: list[subprocess.Popen[bytes]] = []
        self.environment = {"PATH": _PATH, "LC_ALL": "C.UTF-8", "HOME": "/root"}

    @property
    def root(self) -> Path:
        """Its files, seen from here."""
        return Path(f"/proc/{self._leader}/root")

    def run(
        self, script: str, *, folder: str = "/", check: bool = True, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """What *script* says to a shell there that ends at its first error."""
        options = {"capture_output": True, "text": True, "timeout": SLOW} | options
        done = subprocess.run(
            [*self._enter(folder), "bash", "-euo", "pipefail", "-c", script],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            **options,
        )
        if check and done.returncode:
            tail = self.run("journalctl --no-pager --lines=20", check=False).stdout
            pytest.fail(f"{script}\n{done.stdout}{done.stderr}\n{tail}", pytrace=False)
        return done

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Run *command* there: it ends with the machine at the latest."""
        command = (*self._enter("/"), *command)
        made = subprocess.Popen(
            command, env=self.environment, stderr=subprocess.DEVNULL
        )
        self._programs.append(made)
        return made

    def until(self, script: str, what: str) -> None:
        """Poll until *script* succeeds there."""
        until(lambda: self.run(script, check=False).returncode == 0, what)

    def _enter(self, folder: str) -> list[str]:
        namespaces = ("--mount", "--uts", "--ipc", "--net", "--pid", "--root")
        target = f"--target={self._leader}"
        return ["nsenter", target, *namespaces, f"--wdns={folder}", "--"]

    def halt(self) -> None:
        """Pull the plug: its files are in memory, and nobody wants them any more."""
        # First who waits outside for those inside, without whom none of these is gone.
        for program in self._programs:
            program.kill()
            program.wait()
        with suppress(ProcessLookupError):
            os.kill(self._leader, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._nspawn.wait(PATIENCE)


@contextmanager
def booted(folder: Path) -> Iterator[Machine]:
    """A machine that has started; *folder* is for it alone."""
    if os.geteuid():
        missing("needs root, to boot a machine")
    for program in ("systemd-nspawn", "nsenter", "unshare", "mount"):
        requires(program)
    folder.mkdir()
    before = _left_behind()
    boot = ["unshare", "--mount", "--propagation=private", "sh", "-c", _BOOT, "sh"]
    with open(folder.with_name("console"), "wb") as console:
        nspawn = subprocess.Popen(
            [*boot, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
        )
    children = Path(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children")
    try:
        until(lambda: nspawn.poll() is not None or _init(children), "systemd to start")
        if nspawn.poll() is not None:
            missing(f"needs a machine to boot: {console_of(folder)}")
        machine = Machine(nspawn, _init(children))
        try:
            machine.until("systemctl is-active basic.target", "the machine to boot")
            yield machine
        finally:
            machine.halt()
    finally:
        if nspawn.poll() is None and (leader := _init(children)):
            os.kill(leader, signal.SIGKILL)
        nspawn.kill()
        nspawn.wait()
        for group in _left_behind() - before:
            for emptied, _, _ in os.walk(group, topdown=False):
                with suppress(OSError):
                    os.rmdir(emptied)


def console_of(folder: Path) -> str:
    text = folder.with_name("console").read_text(errors="replace")
    return " ".join(text.split())[:300] or "it said nothing"


def _init(children: Path) -> int:
    """The process that is the machine's first; 0: there is none yet."""
    for pid in children.read_text().split():
        with suppress(OSError):
            if Path(f"/proc/{pid}/comm").read_text() == "systemd\n":
                return int(pid)
    return 0


def _left_behind() -> set[Path]:
    """Control groups that nspawn makes where no systemd gives it one, and leaves."""
    names = ("payload", "supervisor")
    return {path for name in names for path in Path("/sys/fs/cgroup").glob(f"*/{name}")}
