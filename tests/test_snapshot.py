"""What a generation is started with."""

import json
import os

import pytest

from bridge.processes.snapshot import LogPlan, Snapshot

SNAPSHOT = Snapshot(
    generation=2,
    files=[("/etc/bridge.yaml", "fronts: {}\n"), ("/etc/more.yaml", "\xe4\n")],
    sockets={"tcp [::1]:80": [6, 7]},
    workers=2,
    board=5,
    numbers=8,
    log=LogPlan(own="-", foreground=True, level="info"),
)


def test_it_is_read_as_it_was_written() -> None:
    fd = SNAPSHOT.write()
    assert Snapshot.read(fd) == SNAPSHOT
    with pytest.raises(OSError):
        os.fstat(fd)


def test_a_newer_version_may_know_more() -> None:
    fd = SNAPSHOT.write()
    found = json.loads(os.read(fd, 1 << 16))
    found["more"] = found["log"]["more"] = 1
    os.ftruncate(fd, 0)
    os.lseek(fd, 0, os.SEEK_SET)
    os.write(fd, json.dumps(found).encode())
    os.lseek(fd, 0, os.SEEK_SET)
    assert Snapshot.read(fd) == SNAPSHOT
