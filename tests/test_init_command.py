"""``bridgectl init``: what is written, when nothing is, and what is said of it."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from bridge.control import init_command
from bridge.control.bridgectl import main
from tests.authority import Authority

SERVER = ("--server", "192.0.2.10:80")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "bridge.yaml"


def told(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> str:
    """What is said on standard error of one that exits with *code*."""
    try:
        assert main(["init", *arguments]) == code
    except SystemExit as error:
        assert error.code == code
    return capsys.readouterr().err


def test_what_is_written_is_what_check_accepts(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for mode in ("stream", "sni", "http", "ftp"):
        flags = ("--mode", mode, "--listen", "[::1]:8080", "--force")
        assert main(["init", str(file), *SERVER, *flags]) == 0
        out, err = capsys.readouterr()
        assert out.startswith(f"{file}: written (1 front, 1 farm, 1 server)\n# next: ")
        assert err == ""
        assert main(["check", str(file)]) == 0
        assert capsys.readouterr().err == ""


def test_a_certificate_is_looked_at_from_where_we_are(
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "certificates").mkdir()
    Authority().issue("web.test").write(tmp_path / "certificates", "web")
    monkeypatch.chdir(tmp_path / "certificates")
    flags = ("--certificate", "web.pem", "--key", "web.key", "--access-log", "a.log")
    assert main(["init", str(file), *SERVER, *flags]) == 0
    monkeypatch.chdir("/")
    assert main(["check", str(file)]) == 0
    text = file.read_text()
    assert f'access: "{tmp_path}/certificates/a.log"' in text
    capsys.readouterr()
    assert "--certificate: " in told(
        capsys, 2, str(file), "--force", *SERVER, "--certificate", "web.pem"
    )
    assert file.read_text() == text


def test_what_is_there_is_never_overwritten_unasked(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text("precious")
    assert "--force" in told(capsys, 1, str(file), *SERVER)
    file.unlink()
    file.symlink_to("nowhere")
    assert "--force" in told(capsys, 1, str(file), *SERVER)
    assert os.readlink(file) == "nowhere"


def test_force_overwrites_what_a_link_leads_to(file: Path, tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    real.write_text("old")
    file.symlink_to(real)
    assert main(["init", str(file), *SERVER, "--force"]) == 0
    assert file.is_symlink()
    assert real.read_text().startswith("# Written by bridgectl init.")
    assert sorted(os.listdir(tmp_path)) == ["bridge.yaml", "real.yaml"]


def test_a_file_that_came_meanwhile_is_left(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> str:
        file.write_text("precious")
        return "ours"

    monkeypatch.setattr(init_command, "text_of", slow)
    assert "cannot be written: File exists" in told(capsys, 1, str(file), *SERVER)
    assert file.read_text() == "precious"
    assert os.listdir(file.parent) == [file.name]


def test_one_folder_is_made_and_not_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(tmp_path / "etc" / "bridge.yaml"), *SERVER]) == 0
    deep = tmp_path / "a" / "b" / "bridge.yaml"
    assert f": mkdir -p {tmp_path}/a/b" in told(capsys, 1, str(deep), *SERVER)
    assert "is a folder" in told(capsys, 1, str(tmp_path), *SERVER)


def test_without_the_right_nothing_is_written(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "link", denied)
    said = told(capsys, 1, str(file), *SERVER)
    assert said.endswith("Permission denied: become root, or name another file\n")
    assert os.listdir(file.parent) == []


def test_standard_output_is_a_file_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "-", *SERVER]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("# Written by bridgectl init.")
    assert err == ""


def test_without_a_server_and_a_terminal_it_says_what_to_write(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("192.0.2.10\n" * 20))
    assert "--server 192.0.2.10:80" in told(capsys, 2, str(file))
    assert not file.exists()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--listen", "localhost:80"), "--listen: 'localhost:80'"),
        (("--host", "a.org"), "--host: mode stream sees no names"),
        (("--key", "x"), "--key: is a certificate's"),
        (("--mode", "mail"), "invalid choice: 'mail'"),
    ],
)
def test_a_wrong_flag_is_named(
    flags: tuple[str, ...],
    said: str,
    file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert said in told(capsys, 2, str(file), *SERVER, *flags)
    assert not file.exists()


def test_warnings_of_this_host_are_told(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(init_command, "warnings", lambda *_: ["odd"])
    assert told(capsys, 0, str(file), *SERVER) == "warning: odd\n"
