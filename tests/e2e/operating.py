"""
The operator of a gateway under test: ``bridgectl`` as a process of its own, and its
questions without one.

Not here: what is made of the answers.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bridge.control.ask import Gateway as Asked
from tests.e2e.gateway import PATIENCE, Configuration, Gateway

BRIDGECTL = (sys.executable, "-m", "bridge")


def operated(configuration: Configuration) -> Configuration:
    """*configuration*, with an admin socket in the gateway's folder."""
    return configuration | {"admin": {"socket": "a.sock"}}


def admin_of(gateway: Gateway) -> Path:
    """Where that is."""
    return gateway.file.with_name("a.sock")


def bridgectl(gateway: Gateway, *words: str) -> str:
    """What it prints.  An AssertionError if that is not all, or it fails."""
    done = tried(gateway, *words)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def tried(gateway: Gateway, *words: str) -> subprocess.CompletedProcess[str]:
    """How it goes."""
    command, *rest = words
    return subprocess.run(
        [*BRIDGECTL, command, "--socket", str(admin_of(gateway)), *rest],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )


def ask(gateway: Gateway, command: str, **args: Any) -> dict[str, Any]:
    """What is answered.  Raises CommandError."""
    asked = Asked(str(admin_of(gateway)))
    try:
        return asked.ask(command, **args)
    finally:
        asked.close()


def only_session(gateway: Gateway, **args: Any) -> dict[str, Any]:
    (found,) = ask(gateway, "sessions", **args)["sessions"]
    return dict(found)


@contextmanager
def connected(gateway: Gateway) -> Iterator[socket.socket]:
    """A connection to the admin socket."""
    with socket.socket(socket.AF_UNIX) as made:
        made.settimeout(PATIENCE)
        made.connect(str(admin_of(gateway)))
        yield made
