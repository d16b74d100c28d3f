"""What lines of the logs are written to."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from bridge.net.address import Address, UnixPath
from bridge.service.log_places import journal, to_daemon, to_file


def test_a_file_is_named_by_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = to_file("x.log", "log", None)
    assert made.name == f"log {tmp_path}/x.log"
    made.close()


@pytest.mark.parametrize("by", ["unix", "127.0.0.1", "::1"])
def test_a_line_reaches_a_daemon(by: str, tmp_path: Path) -> None:
    where = str(tmp_path / "log") if by == "unix" else (by, 0)
    family = {"unix": socket.AF_UNIX, "::1": socket.AF_INET6}.get(by, socket.AF_INET)
    with socket.socket(family, socket.SOCK_DGRAM) as daemon:
        daemon.bind(where)
        port = daemon.getsockname()[1] if by != "unix" else 0
        at = UnixPath(str(where)) if by == "unix" else Address(by, port)
        made = to_daemon(at, "syslog:x")
        made.put("line\n")
        assert daemon.recv(100) == b"line"
        assert made.name == "access log syslog:x"
        made.close()


def test_a_scope_goes_with_its_address() -> None:
    made = to_daemon(Address("fe80::1", 514, "nowhere0"), "syslog:x")
    made.put("line\n")
    assert made.waiting, "no such interface: it may come yet"
    made.close()


def test_standard_output_that_systemd_has_not_made_is_no_journal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    assert journal() is None
    info = os.fstat(2)
    monkeypatch.setenv("JOURNAL_STREAM", f"{info.st_dev}:{info.st_ino + 1}")
    assert journal() is None
