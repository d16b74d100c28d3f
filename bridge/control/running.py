"""
Runs commands of ip(8) and nft(8) as they stand, without a shell, and says how it went.

Not here: which ones (``setup``), and what is told of it (``setup_command``).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

from bridge.control.setup import Command

PATIENCE = 30.0
"""Seconds for one command.  nft(8) waits for others who change its tables."""

PACKAGES = {"ip": "iproute2", "nft": "nftables"}
"""Which package, in most distributions, has a program."""

# Where both are: not on the PATH of everybody who may become root.
_SEARCH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin:/sbin"))

_CURES = {
    "Operation not permitted": "run it as root, or with CAP_NET_ADMIN",
    # Of a module that an expression needs and the kernel does not have.
    "No such file or directory": "load the kernel's part: modprobe nft_tproxy "
    "nft_socket",
    "IPv6 is disabled": "switch it on: sysctl net.ipv6.conf.lo.disable_ipv6=0",
}


@dataclass(frozen=True)
class Outcome:
    """How a command went."""

    idle: bool = False
    """There was nothing to do."""
    error: str = ""
    """In one line, with a cure where one is known; empty: all is well."""


def run(command: Command) -> Outcome:
    """Run *command* to its end."""
    program = found(command.arguments[0])
    if program is None:
        name = command.arguments[0]
        return Outcome(error=f"there is no program {name}: install {PACKAGES[name]}")
    try:
        done = subprocess.run(
            (program, *command.arguments[1:]),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=os.environ | {"LC_ALL": "C"},
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(error=f"no end of it within {PATIENCE:g} s")
    except OSError as error:
        return Outcome(error=f"{program}: {error.strerror}")
    if done.returncode == 0:
        return Outcome()
    if command.harmless and command.harmless in done.stderr:
        return Outcome(idle=True)
    return Outcome(error=_told(done.stderr) or f"it ended with {done.returncode}")


def found(program: str) -> str | None:
    """Where *program* is; None: nowhere."""
    return shutil.which(program, path=_SEARCH)


def missing(commands: Iterable[Command]) -> list[str]:
    """The programs that *commands* need and this host does not have."""
    names = dict.fromkeys(command.arguments[0] for command in commands)
    return [name for name in names if found(name) is None]


def _told(stderr: str) -> str:
    """What a program said, in one line; of nft(8), which also points, what it means."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    said = next((line for line in lines if "rror" in line), lines[0] if lines else "")
    cure = next((cure for what, cure in _CURES.items() if what in said), "")
    clean = "".join(c if c.isprintable() else "?" for c in said).rstrip(".")
    return f"{clean}: {cure}" if cure else clean
