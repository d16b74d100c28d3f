"""The operator's command line, in this process and as a program of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from bridge import __version__
from bridge.control import bridgectl, zone_command
from bridge.control.bridgectl import main
from bridge.control.check_command import check
from bridge.control.grammar import grammar
from bridge.doctor import Host
from tests.imported import loaded

SHORTEST = """\
fronts: {web: {listen: "[::]:80", to: web}}
farms: {web: {servers: [192.0.2.10:80, 192.0.2.11:80]}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "bridge.yaml"
    path.write_text(SHORTEST)
    return path


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What is said of a wrong command line."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    return capsys.readouterr().err


def test_a_right_file_is_counted(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(file)]) == 0
    assert capsys.readouterr() == (f"{file}: ok (1 front, 1 farm, 2 servers)\n", "")


def test_a_wrong_file_is_told_with_78(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(SHORTEST + "workers: 0\nzzz: 1\n")
    assert main(["check", str(file)]) == 78
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"{file}:3:10: workers: 0 is below 1\n    workers: 0\n")
    assert f"\n{file}:4:1: zzz: unknown key" in err


def test_a_file_that_is_not_there_is_78(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "/nowhere/bridge.yaml"]) == 78
    assert "/nowhere/bridge.yaml:1:1: cannot be read" in capsys.readouterr().err


def test_a_warning_is_no_error(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(
        SHORTEST.replace("to:", "profile: p, to:") + "profiles: {p: {interface: x}}"
    )
    assert check(file, Host(interfaces={"lo": 65536})) == 0
    out, err = capsys.readouterr()
    assert out.endswith("ok (1 front, 1 farm, 2 servers)\n")
    assert err == (
        f"warning: {file}:3:27: profiles.p.interface: this host has no interface x, "
        "it has lo\n"
    )


def test_variables_come_from_the_environment(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(SHORTEST + "log:\n  level: ${LEVEL}\n")
    assert main(["check", str(file)]) == 78
    monkeypatch.setenv("LEVEL", "warn")
    assert main(["check", str(file)]) == 0


@pytest.mark.parametrize("arguments", [(), ("chekc",), ("check",), ("schema", "x")])
def test_a_wrong_command_line_is_2(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "usage: bridgectl" in refused(capsys, *arguments)


def test_python_m_bridge_is_bridgectl(file: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bridge", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert run("--version").stdout == f"{__version__}\n"
    file.write_text("x: 1")
    assert run("check", str(file)).returncode == 78


def piped(command: str, reader: str) -> tuple[int, bytes, bytes]:
    """Exit code, and what *reader* of it and bridgectl itself say."""
    line = f"{sys.executable} -m bridge {command} | {reader}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_reader_that_has_enough_is_no_error() -> None:
    assert piped("schema", "head -1") == (0, b"{\n", b"")
    assert piped("explain profiles.x.mss", "true") == (0, b"", b"")


def test_a_command_that_is_interrupted_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(zone_command, "run", run)
    assert main(["zone", "f"]) == 1
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", bridgectl.command_names())
def test_each_command_is_in_its_module(name: str) -> None:
    """So that only that one is imported: see ``_MODULES``."""
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0


def test_the_parser_of_all_has_the_commands_of_the_table() -> None:
    found = [command.name for command in grammar(bridgectl.command_line()).commands]
    assert found == list(bridgectl.command_names())


def test_who_asks_a_running_gateway_does_not_wait_for_the_model() -> None:
    asked = "from bridge.control.bridgectl import main"
    asked += "\ntry: main(['status', '--help'])\nexcept SystemExit: pass"
    assert not {"pydantic", "twisted", "yaml"} & loaded(asked)
