"""``bridgectl setup``: what is printed, what is run, and that it can be taken back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bridge.control import running
from bridge.control.bridgectl import main
from bridge.control.setup import NFTABLE, PROTOCOL, Command
from bridge.doctor import Host as Kernel
from tests.kernel import requires_nftables, state
from tests.netlab import Host, Lab

PREFIX, POOL = "2001:db8:64::/96", "100.64.0.0/10"
FILE = f"""\
fronts:
  web: {{listen: "[{PREFIX}]:443", to: legacy}}
  all: {{listen: "[2001:db8:65::/96]:*", to: every}}
  six: {{listen: "[::]:81", to: seen}}
farms:
  legacy: {{map: {{prefix: "{PREFIX}", to: [192.0.2.0/24]}}, source: {{pool: {POOL}}}}}
  every: {{map: {{prefix: "2001:db8:65::/96", to: [192.0.2.0/24]}}}}
  seen: {{servers: ["[2001:db8:2::2]:80"], source: client}}
"""
NOTHING = """\
fronts: {web: {listen: "[::]:80", to: web}}
farms: {web: {servers: [192.0.2.10:80]}}
"""
ROUTE = f"ip -6 route add local {PREFIX} dev lo proto {PROTOCOL}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "bridge.yaml"
    path.write_text(FILE)
    return path


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Nothing is run; what would have been is here, each to its first line's end."""
    commands: list[str] = []

    def run(command: Command) -> running.Outcome:
        commands.append(" ".join(command.arguments).partition("\n")[0])
        return OUTCOMES.get(command.arguments[0], running.Outcome())

    monkeypatch.setattr(running, "run", run)
    monkeypatch.setattr(running, "found", lambda program: f"/sbin/{program}")
    monkeypatch.setattr(Kernel, "read", lambda: Kernel())
    monkeypatch.setattr(sys.modules[__name__], "OUTCOMES", {})
    return commands


OUTCOMES: dict[str, running.Outcome] = {}
"""Of each program that does not simply succeed."""

Printed = pytest.CaptureFixture[str]


def test_what_is_needed_is_printed_with_a_reason_each(
    file: Path, capsys: Printed
) -> None:
    assert main(["setup", str(file)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    heading, *parts = out.split("\n\n")
    assert heading.startswith(f"# What {file} needs")
    assert f"bridgectl setup {file} --apply runs it" in heading
    assert all(part.startswith("# ") and part.count("\n# ") == 0 for part in parts)
    assert parts[0].splitlines()[1] == ROUTE
    assert any(f"route add local {POOL}" in part for part in parts)
    assert "tproxy ip6 to [::1]:6052" in parts[-1]


def test_it_can_be_pasted_into_a_shell(file: Path, capsys: Printed) -> None:
    main(["setup", str(file)])
    printed = capsys.readouterr().out
    told = 'ip() { printf \'<%s>\' ip "$@"; echo; }; nft() { echo "<nft><$1>$#"; }\n'
    done = subprocess.run(
        ["sh", "-euc", told + printed], capture_output=True, text=True, check=True
    )
    first, *_ = done.stdout.splitlines()
    assert first == "".join(f"<{word}>" for word in ROUTE.split())
    assert f"<nft><add table inet {NFTABLE}\ndelete table" in done.stdout
    assert done.stdout.endswith("accept>1\n")


def test_that_nothing_is_needed_is_said(file: Path, capsys: Printed) -> None:
    file.write_text(NOTHING)
    for flags in ([], ["--apply"]):
        assert main(["setup", str(file), *flags]) == 0
        out = capsys.readouterr().out
        assert out.startswith(f"# {file} needs nothing of the kernel: ")
        assert out.count("\n") == 1


def test_a_wrong_file_is_78_and_changes_nothing(
    file: Path, ran: list[str], capsys: Printed
) -> None:
    file.write_text(FILE + "zzz: 1\n")
    assert main(["setup", str(file), "--apply"]) == 78
    assert "zzz: unknown key" in capsys.readouterr().err
    assert ran == []


@pytest.mark.parametrize(
    "arguments", [(), ("--apply",), ("f", "--apply", "--undo"), ("f", "g")]
)
def test_a_wrong_command_line_is_2(arguments: tuple[str, ...], capsys: Printed) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["setup", *arguments])
    assert caught.value.code == 2
    assert "usage: bridgectl" in capsys.readouterr().err


def test_what_is_run_is_printed_as_it_stands(
    file: Path, ran: list[str], capsys: Printed
) -> None:
    assert main(["setup", str(file), "--apply"]) == 0
    out = capsys.readouterr().out
    assert ran[0] == ROUTE and ran[-1] == f"nft add table inet {NFTABLE}"
    assert out.endswith("# done; a boot takes it away again\n")
    main(["setup", str(file)])
    printed = capsys.readouterr().out
    assert all(line in printed for line in out.splitlines()[:-1])


def test_what_was_so_already_is_said(
    file: Path, ran: list[str], capsys: Printed
) -> None:
    OUTCOMES["ip"] = running.Outcome(idle=True)
    assert main(["setup", str(file), "--apply"]) == 0
    out = capsys.readouterr().out
    assert out.count("# nothing to do: so it is already\n") == len(ran) - 1
    assert out.endswith(
        f"# done, {len(ran) - 1} of it before; a boot takes it away again\n"
    )


def test_the_first_failure_ends_it_with_1_and_says_what_is_left(
    file: Path, ran: list[str], capsys: Printed
) -> None:
    OUTCOMES["ip"] = running.Outcome(error="no")
    assert main(["setup", str(file), "--apply"]) == 1
    assert ran == [ROUTE]
    left = "what came before it stays, --undo takes it away"
    assert capsys.readouterr().err == f"bridgectl: {ROUTE}: no ({left})\n"


def test_without_a_program_nothing_is_changed(
    file: Path,
    ran: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: Printed,
) -> None:
    monkeypatch.setattr(running, "found", lambda name: None if name == "nft" else name)
    assert main(["setup", str(file), "--apply"]) == 1
    assert ran == []
    assert capsys.readouterr().err == (
        "bridgectl: there is no program nft, nothing was changed: install nftables\n"
    )


@pytest.mark.parametrize("flag", ["--apply", "--undo"])
def test_without_root_nothing_is_tried(
    flag: str,
    file: Path,
    ran: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: Printed,
) -> None:
    monkeypatch.setattr(Kernel, "read", lambda: Kernel(capabilities=0))
    assert main(["setup", str(file), flag]) == 1
    assert ran == []
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1 and f"sudo bridgectl setup {file} {flag}" in err


def test_undo_needs_no_file_and_reads_none(ran: list[str], capsys: Printed) -> None:
    assert main(["setup", "/nowhere", "--undo"]) == 0
    without = list(ran)
    ran.clear()
    assert main(["setup", "--undo"]) == 0
    assert ran == without and "ip -6 rule flush protocol 60" in ran
    assert capsys.readouterr().out.endswith("# done, nothing of ours is left\n")


def test_undo_goes_on_after_a_failure_and_ends_with_1(
    ran: list[str], capsys: Printed
) -> None:
    OUTCOMES["nft"] = running.Outcome(error="no")
    assert main(["setup", "--undo"]) == 1
    assert len(ran) == 5
    out, err = capsys.readouterr()
    assert err == "bridgectl: nft (packets are diverted no longer): no\n"
    assert "nothing of ours" not in out


def test_where_there_is_no_nft_nothing_of_ours_is_in_it(
    ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "found", lambda name: None if name == "nft" else name)
    assert main(["setup", "--undo"]) == 0
    assert len(ran) == 4


# In the lab, as a program of its own.


@pytest.fixture
def lab(lab: Lab) -> Lab:
    requires_nftables(lab.gateway)
    return lab


def bridgectl(host: Host, *arguments: object) -> str:
    """What it prints; it is to succeed."""
    command = [sys.executable, "-m", "bridge", *map(str, arguments)]
    return host.run(command).stdout


def test_applied_and_undone_the_host_is_as_it_was(
    lab: Lab, file: Path, capsys: Printed
) -> None:
    before = state(lab.gateway)
    first = bridgectl(lab.gateway, "setup", file, "--apply")
    once = state(lab.gateway)
    assert first.endswith("# done; a boot takes it away again\n")
    assert any(f"local {PREFIX} dev lo" in line for line in once)
    again = bridgectl(lab.gateway, "setup", file, "--apply")
    assert state(lab.gateway) == once
    assert again.count("# nothing to do: so it is already") == first.count("\nip ")
    for _ in range(2):
        bridgectl(lab.gateway, "setup", file, "--undo")
        assert state(lab.gateway) == before
    main(["setup", str(file)])
    lab.gateway.run(["sh", "-eu"], input=capsys.readouterr().out)
    assert state(lab.gateway) == once


def test_undone_without_having_been_applied_nothing_changes(lab: Lab) -> None:
    before = state(lab.gateway)
    bridgectl(lab.gateway, "setup", "--undo")
    assert state(lab.gateway) == before


def test_what_was_applied_in_part_is_completed_and_undone(
    lab: Lab, file: Path, tmp_path: Path
) -> None:
    before = state(lab.gateway)
    broken = tmp_path / "nft"
    broken.write_text("#!/bin/sh\necho 'Error: No buffer space' >&2; exit 1\n")
    broken.chmod(0o755)
    path = f"PATH={tmp_path}:/usr/sbin:/sbin:/usr/bin:/bin"
    command = [sys.executable, "-m", "bridge", "setup", str(file), "--apply"]
    part = lab.gateway.run(["env", path, *command], check=False)
    assert part.returncode == 1
    assert part.stderr.startswith("bridgectl: nft (")
    assert "No buffer space (what came before it stays, --undo" in part.stderr
    in_part = state(lab.gateway)
    assert in_part != before
    rest = bridgectl(lab.gateway, "setup", file, "--apply")
    assert rest.count("# nothing to do") == part.stdout.count("\nip ")
    assert set(in_part) < set(state(lab.gateway))
    bridgectl(lab.gateway, "setup", "--undo")
    assert state(lab.gateway) == before


def test_a_user_without_privilege_is_told_and_changes_nothing(
    lab: Lab, file: Path
) -> None:
    before = state(lab.gateway)
    drop = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"]
    command = [sys.executable, "-m", "bridge", "setup", str(file), "--apply"]
    done = lab.gateway.run([*drop, *command], check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("bridgectl: only root may change routes and rules")
    assert state(lab.gateway) == before
