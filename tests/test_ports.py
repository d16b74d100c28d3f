"""Ports to dial from and to listen on."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from bridge.doctor.ports import Listener, Owner, findings, listening, owner_of, owners
from bridge.doctor.report import Finding, Severity
from tests.examined import config
from tests.paths import EACH_FAMILY

RANGE, RESERVED = "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports"
VALUES = {RANGE: "32768\t60999", RESERVED: ""}


def found(
    front: str = "",
    farm: str = "",
    listeners: list[Listener] | None = None,
    owner: Owner | None = None,
    values: dict[str, str] = VALUES,
) -> list[Finding]:
    made = config(front, farm)
    return list(findings(made, values.get, listeners or [], lambda inode: owner))


def bad(*arguments: object, **options: object) -> list[Finding]:
    every = found(*arguments, **options)  # type: ignore[arg-type]
    return [each for each in every if each.severity is not Severity.OK]


def test_room_for_all_that_a_front_lets_in_is_well() -> None:
    (room,) = found()
    assert room.severity is Severity.OK
    assert "28,232 ports to each server" in room.cause


def test_a_front_that_lets_more_in_is_warned_of() -> None:
    front = 'listen: "[::]:80", limits: {connections: 100000}'
    (room,) = bad(front)
    assert "28,232 sessions, and its fronts let 100,000 in" in room.cause
    assert room.cure == f"sysctl -w {RANGE}='10240 65535'"
    four = "servers: [198.18.0.1:80, 198.18.0.2:80, 198.18.0.3:80, 198.18.0.4:80]"
    assert bad(front, four) == []
    sources = "source: [192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4]"
    assert bad(front, f"servers: [198.18.0.1:80], {sources}") == []
    less = {RANGE: "32768 60999", RESERVED: "40000-40999,50000"}
    (room,) = found(values=less)
    assert "27,231 ports" in room.cause


def test_a_port_that_a_dial_may_have_is_to_be_reserved() -> None:
    front = 'listen: ["[::]:40001", "[::]:40002", "[::]:80"]'
    (within,) = bad(front)
    assert within.cure == f"sysctl -w {RESERVED}=40001,40002"
    assert bad(front, values={RANGE: VALUES[RANGE], RESERVED: "40000-41000"}) == []


def test_settings_that_cannot_be_read_are_unknown() -> None:
    for values in ({}, {RANGE: "x y"}):
        (unknown,) = bad(values=values)
        assert unknown.severity is Severity.UNKNOWN


@pytest.mark.parametrize(
    ("listen", "other", "conflicts"),
    [
        ("[::]:80", "::", True),
        ("[::]:80", "2001:db8::1", True),
        ("[::]:80", "0.0.0.0", False),
        ("[2001:db8::1]:80", "::", True),
        ("[2001:db8::1]:80", "2001:db8::2", False),
        ("0.0.0.0:80", "192.0.2.1", True),
        ("192.0.2.1:80", "0.0.0.0", True),
        ("192.0.2.1:80", "192.0.2.1", True),
        ("192.0.2.1:80", "192.0.2.2", False),
        ("192.0.2.1:80", "::", False),
    ],
)
def test_who_has_a_port_is_in_the_way(listen: str, other: str, conflicts: bool) -> None:
    listeners = [Listener(other, 80, 7), Listener(other, 81, 8)]
    nginx = Owner(12, "nginx", is_gateway=False)
    taken = bad(f'listen: "{listen}"', listeners=listeners, owner=nginx)
    assert bool(taken) == conflicts
    if taken:
        assert taken[0].severity is Severity.FAIL
        assert "is taken by nginx (pid 12)" in taken[0].cause
        assert taken[0].cure == "ss -ltnp 'sport = :80'"


def test_a_gateway_that_runs_is_in_nobodys_way() -> None:
    listeners, front = [Listener("::", 80, 7)], 'listen: "[::]:80"'
    assert bad(front, listeners=listeners, owner=Owner(9, "twistd", True)) == []
    (unknown,) = bad(front, listeners=listeners)
    assert unknown.severity is Severity.UNKNOWN
    assert "cannot be seen without root" in unknown.cause


def test_a_gateway_is_known_by_its_command_and_so_are_its_workers(
    tmp_path: Path,
) -> None:
    for pid, words in enumerate(
        (
            ["python3", ".venv/bin/twistd", "-n", "bridge", "-c", "f"],
            ["python3", "-m", "bridge.processes.nursery"],
            ["python3", "-m", "http.server"],
        )
    ):
        folder = tmp_path / "proc" / str(pid)
        (folder / "fd").mkdir(parents=True)
        (folder / "fd" / "3").symlink_to(f"socket:[{100 + pid}]")
        (folder / "cmdline").write_bytes(b"\0".join(word.encode() for word in words))
        (folder / "comm").write_text("python3\n")
    found = owners(tmp_path)
    assert [found[100 + pid].is_gateway for pid in range(3)] == [True, True, False]
    assert found[102].name == "python3"


@EACH_FAMILY
def test_a_listener_of_this_process_is_found_with_its_owner(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        port = server.getsockname()[1]
        (mine,) = [one for one in listening() if (one.host, one.port) == (host, port)]
        owner = owner_of()(mine.inode)
    assert owner is not None
    assert owner.pid == os.getpid()
    assert not owner.is_gateway
