"""Commands are run as they stand, and what went wrong is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.control import running
from bridge.control.running import Outcome, found, missing, run
from bridge.control.setup import Command


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which programs are looked for, and nowhere else."""
    monkeypatch.setattr(running, "_SEARCH", str(tmp_path))
    return tmp_path


def program(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def command(*arguments: str, harmless: str = "") -> Command:
    return Command(arguments or ("ip", "rule"), "why", harmless)


def test_arguments_reach_the_program_as_they_are(programs: Path) -> None:
    written = programs / "written"
    program(programs, "ip", f"printf '%s|' \"$@\" > {written}")
    assert run(command("ip", "a b", "$(id)", "'; x", "\n")) == Outcome()
    assert written.read_text() == "a b|$(id)|'; x|\n|"


def test_nobody_is_asked_anything(programs: Path) -> None:
    program(programs, "ip", "read answer && exit 1; exit 0")
    assert run(command()) == Outcome()


def test_what_was_so_already_is_no_error(programs: Path) -> None:
    program(programs, "ip", "echo 'RTNETLINK answers: File exists' >&2; exit 2")
    assert run(command(harmless="File exists")) == Outcome(idle=True)
    assert run(command()).error == "RTNETLINK answers: File exists"
    assert run(command(harmless="not supported")).error


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "RTNETLINK answers: Operation not permitted",
            "RTNETLINK answers: Operation not permitted: run it as root, or with "
            "CAP_NET_ADMIN",
        ),
        (
            "add rule\n  Error: Could not process rule: No such file or directory\n^^^",
            "Error: Could not process rule: No such file or directory: load the "
            "kernel's part: modprobe nft_tproxy nft_socket",
        ),
        (
            "Error: IPv6 is disabled on nexthop device.",
            "Error: IPv6 is disabled on nexthop device: switch it on: "
            "sysctl net.ipv6.conf.lo.disable_ipv6=0",
        ),
        ("it is\x1b[31m so", "it is?[31m so"),
        ("", "it ended with 3"),
    ],
)
def test_an_error_is_one_line_with_its_cure(
    programs: Path, said: str, told: str
) -> None:
    program(programs, "ip", f"cat >&2 <<'E'\n{said}\nE\nexit 3")
    assert run(command()).error == told


def test_a_program_that_is_not_there_is_told_with_its_package(programs: Path) -> None:
    assert run(command("nft", "x")).error == (
        "there is no program nft: install nftables"
    )
    program(programs, "ip", "")
    assert missing([command(), command("nft"), command("nft", "x")]) == ["nft"]


def test_a_program_that_cannot_be_run_is_told(programs: Path) -> None:
    (programs / "ip").write_bytes(b"\x7fELF nonsense")
    (programs / "ip").chmod(0o755)
    assert "Exec format error" in run(command()).error


def test_a_program_without_end_is_ended(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PATIENCE", 0.1)
    program(programs, "ip", "exec sleep 30")
    assert run(command()).error == "no end of it within 0.1 s"


def test_programs_are_found_where_only_roots_path_leads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert running._SEARCH.endswith("/usr/sbin:/sbin")
    monkeypatch.setattr(running, "_SEARCH", str(tmp_path))
    assert found("ip") is None
