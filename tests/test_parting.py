"""What a daemon says to the terminal it was started from."""

from __future__ import annotations

import subprocess
import sys

DAEMON = """
import os, sys
from bridge.service.parting import Parting
parting = Parting()
if os.fork():  # as twistd does it
    print("started", flush=True)
    os._exit(0)
if os.fork():
    os._exit(0)
%s
"""
"""The starting process waits in its fork, whatever the new ones do."""


def started(daemon: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", DAEMON % daemon],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_start_that_fails_is_told_by_who_waits_with_status_1() -> None:
    ran = started('parting.failed("the port is taken: \\udc80")')
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "the port is taken: \\udc80\n"


def test_a_start_that_works_is_waited_for_and_nothing_said() -> None:
    ran = started("parting.over()")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "started\n", "")


def test_a_daemon_that_dies_at_once_keeps_nobody_waiting() -> None:
    assert started("os._exit(9)").returncode == 0
