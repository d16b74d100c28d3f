"""The files for an operating system: units, drop-ins, users, kernel settings, logs."""

from __future__ import annotations

import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from bridge.net.inherited import socket_names
from tests.netlab.fixtures import missing, requires

ROOT = Path(__file__).parent.parent
CONF = ROOT / "conf"
UNIT = CONF / "bridge.service"
BIN = Path(sys.executable).parent

NOTIFY_RELOAD = 253
"""The first systemd that knows Type=notify-reload."""


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    program = requires("systemd-analyze")
    return subprocess.run(
        [program, *words], capture_output=True, text=True, timeout=60, check=False
    )


def version() -> int:
    found = re.match(r"systemd (\d+)", analyze("--version").stdout)
    return int(found[1]) if found else missing("needs a systemd that tells its version")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The units as on a host that has the program, which verify looks for."""
    for name in ("bridge.service", "bridge.socket"):
        put(CONF / name, tmp_path)
    return tmp_path


def put(unit: Path, folder: Path) -> None:
    text = unit.read_text().replace("/opt/bridge/bin", str(BIN))
    (folder / unit.name).write_text(text)


def complaints(told: subprocess.CompletedProcess[str]) -> list[str]:
    """Lines of *told*, but the one that is expected of a systemd before 253."""
    lines = told.stderr.splitlines()
    if version() >= NOTIFY_RELOAD:
        return lines
    known = "Failed to parse service type, ignoring: notify-reload"
    assert any(known in line for line in lines), "or it is expected no more"
    return [line for line in lines if known not in line]


@pytest.mark.parametrize("drop_ins", [(), ("net-admin.conf",), ("systemd-252.conf",)])
def test_systemd_finds_no_fault(folder: Path, drop_ins: tuple[str, ...]) -> None:
    for name in drop_ins:
        (folder / "bridge.service.d").mkdir()
        put(CONF / "bridge.service.d" / name, folder / "bridge.service.d")
    told = analyze("verify", folder / "bridge.service", folder / "bridge.socket")
    assert complaints(told) == []
    assert told.returncode == 0


def test_a_fault_would_be_found(folder: Path) -> None:
    unit = folder / "bridge.service"
    unit.write_text(unit.read_text().replace("[Service]\n", "[Service]\nNonsense=1\n"))
    assert complaints(analyze("verify", unit)) != []


def test_it_is_shut_in_as_far_as_the_readme_says() -> None:
    told = analyze("security", "--offline=yes", "--threshold=20", UNIT)
    assert told.returncode == 0, told.stdout
    found = re.search(
        r"Overall exposure level for bridge.service: ([0-9]+.[0-9])", told.stdout
    )
    assert found is not None
    said = re.search(r"`systemd-analyze security bridge` says ([0-9]+.[0-9])", README)
    assert said is not None
    if version() == 252:  # Debian 12's; each counts in its own way
        assert found[1] == said[1]


README = (ROOT / "README.md").read_text()


def settings(path: Path) -> list[tuple[str, str]]:
    """Of a unit: ``NAME``, ``value``, in order."""
    lines = path.read_text().splitlines()
    pairs = (line.partition("=") for line in lines if re.match(r"[A-Z]\w+=", line))
    return [(name, value) for name, _, value in pairs]


def test_the_unit_says_what_the_gateway_tells() -> None:
    said = settings(UNIT)
    types = [value for name, value in said if name == "Type"]
    assert types == ["notify", "notify-reload"], "the first is for systemd before 253"
    unit = dict(said)
    assert unit["NotifyAccess"] == "main"
    assert unit["RestartPreventExitStatus"] == "2 78"
    assert unit["KillMode"] == "mixed"
    assert unit["AmbientCapabilities"] == unit["CapabilityBoundingSet"]
    assert unit["AmbientCapabilities"] == "CAP_NET_BIND_SERVICE"
    assert (unit["RuntimeDirectory"], unit["LogsDirectory"]) == ("bridge", "bridge")


def test_the_socket_has_the_name_of_the_readmes_front() -> None:
    name = dict(settings(CONF / "bridge.socket"))["FileDescriptorName"]
    passed = {"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": name}
    assert socket_names(passed, 1) == frozenset({"web"})
    assert '`listen: "systemd:web"`' in README


def test_drop_ins_add_and_do_not_replace() -> None:
    """An empty value would take away what the unit has."""
    for path in (CONF / "bridge.service.d").glob("*.conf"):
        assert settings(path)
        assert all(value for _, value in settings(path))


def test_every_kernel_setting_is_one_of_this_kernels() -> None:
    parser = ConfigParser(delimiters="=")
    text = (CONF / "sysctl.d" / "60-bridge.conf").read_text()
    parser.read_string("[all]\n" + text)
    keys = [key.replace(".", "/") for key in parser["all"]]
    assert len(keys) >= 5
    assert [key for key in keys if not Path("/proc/sys", key).exists()] == []


def test_the_user_is_the_units() -> None:
    words = (CONF / "sysusers.d" / "bridge.conf").read_text().splitlines()[-1].split()
    assert words[:2] == ["u", dict(settings(UNIT))["User"]]


def test_logrotate_has_the_files_that_the_unit_lets_it_write() -> None:
    text = (CONF / "logrotate.d" / "bridge").read_text()
    where = dict(settings(UNIT))["LogsDirectory"]
    assert f"\n/var/log/{where}/*.log {{\n" in text
    assert "--kill-whom=main --signal=USR1 bridge.service" in text
