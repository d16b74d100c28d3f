"""
The test bed's door for pytest: fixtures, and what to do where something is missing.

A machine without namespaces, or without some program, skips the tests that need them
and says why; with BRIDGE_REQUIRE_ALL=1, as in CI, they fail instead.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import pytest

from tests.netlab.host import UnavailableError
from tests.netlab.lab import Lab

# Where daemons live: not on every user's PATH.
SEARCH = os.pathsep.join(
    (os.environ.get("PATH", ""), "/usr/local/sbin:/usr/sbin:/sbin")
)


def missing(reason: str) -> NoReturn:
    """End the test: skipped, or failed where everything is required."""
    if os.environ.get("BRIDGE_REQUIRE_ALL") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def requires(program: str) -> str:
    """The path of *program*, without which the calling test ends."""
    return shutil.which(program, path=SEARCH) or missing(f"needs the program {program}")


@contextmanager
def laboratory(*arguments: Any, **options: Any) -> Iterator[Lab]:
    """``Lab(…)`` in a test of its own settings, skipped where there can be none."""
    for program in ("ip", "nsenter", "sysctl", "unshare"):
        requires(program)
    lab = Lab(*arguments, **options)
    try:
        lab.__enter__()
    except UnavailableError as error:
        missing(f"needs network namespaces: {error}")
    except PermissionError as error:  # /dev/net/tun, for a lossy link
        missing(f"needs a TUN device: {error}")
    try:
        yield lab
    finally:
        lab.close()


@pytest.fixture
def lab() -> Iterator[Lab]:
    """The bed as it comes: MTU 1500 in front, 9000 behind, one server."""
    with laboratory() as made:
        yield made
