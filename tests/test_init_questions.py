"""The questions of ``bridgectl init``: asked in a terminal until they are answered."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.control.bridgectl import main
from bridge.control.commands import CommandError
from bridge.control.init import Wanted, understood
from bridge.control.init_questions import asked
from tests.authority import Authority

SERVER = ("192.0.2.10",)


class Typed:
    """Somebody who answers, and what they were asked."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)

    def readline(self) -> str:
        return self._answers.pop(0) + "\n" if self._answers else ""

    def isatty(self) -> bool:
        return True

    @property
    def left(self) -> int:
        return len(self._answers)


def answered(
    monkeypatch: pytest.MonkeyPatch,
    *answers: str,
    given: Wanted = Wanted(),  # noqa: B008
) -> Wanted:
    typed = Typed(*answers)
    monkeypatch.setattr(sys, "stdin", typed)
    wanted = asked(given, understood)
    assert typed.left == 0, "not all of them were asked for"
    return wanted


def test_enter_takes_what_is_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = answered(monkeypatch, "", "", "", "192.0.2.10", "", "")
    assert wanted == Wanted(server=SERVER)


def test_each_mode_has_its_own_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = ("a.org", "b.org")
    sni = answered(monkeypatch, "sni", "", "a.org, b.org", "192.0.2.10", "y", "off")
    assert sni == Wanted("sni", server=SERVER, host=hosts, jumbo=True, access_log="off")
    ftp = answered(monkeypatch, "ftp", "2121", "192.0.2.10", "no", "-")
    assert ftp == Wanted("ftp", listen=("2121",), server=SERVER)
    http = answered(
        monkeypatch, "http", "c.pem 'my k.key'", "", "", "192.0.2.10", "", ""
    )
    here = os.getcwd()
    assert (http.certificate, http.key) == (f"{here}/c.pem", f"{here}/my k.key")


def test_what_a_flag_said_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    given = Wanted(
        "http",
        listen=("8080",),
        host=("a.org",),
        certificate="/c.pem",
        jumbo=True,
        access_log="/a.log",
    )
    wanted = answered(monkeypatch, "192.0.2.10", given=given)
    assert wanted.server == SERVER


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        (["htp", "", "", "", "192.0.2.1", "", ""], "'htp' is none of stream, sni"),
        (["", "a b c", "", "", "192.0.2.1", "", ""], "one file, or two"),
        (["", "", "here:80", "", "192.0.2.1", "", ""], "'here' is no IP address"),
        (["", "", "", "1.2.3", "192.0.2.1", "", ""], "'1.2.3' is no IP address"),
        (["", "", "", "", "192.0.2.1", "", ""], "is needed, at least one"),
        (["", "", "", "192.0.2.1", "perhaps", "", ""], "yes or no?"),
        (["", "'", "", "", "192.0.2.1", "", ""], "No closing quotation"),
    ],
)
def test_an_answer_that_cannot_be_is_asked_for_again(
    answers: list[str],
    why: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert answered(monkeypatch, *answers) == Wanted(server=("192.0.2.1",))
    assert why in capsys.readouterr().err


def test_answers_that_end_write_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="nothing was written"):
        answered(monkeypatch, "", "")
    monkeypatch.setattr(sys, "stdin", Typed(""))
    assert main(["init", str(tmp_path / "x.yaml")]) == 1
    assert os.listdir(tmp_path) == []


def test_in_a_terminal_a_certificate_is_asked_for_until_it_is_good(
    tmp_path: Path,
) -> None:
    """The whole way, typed: first without its key, which is in a file of its own."""
    made = Authority().issue("web.test").write(tmp_path, "web")
    file = tmp_path / "bridge.yaml"
    answers = ["http", str(made.certificate), f"{made.certificate} {made.key}"]
    answers += ["", "", "192.0.2.10", "", ""]
    ours, theirs = pty.openpty()
    os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "init", str(file)],
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0, done.stderr
    assert "has no private key" in done.stderr
    assert done.stderr.count("A certificate to open TLS with") == 2
    assert main(["check", str(file)]) == 0
    assert str(made.key) in file.read_text()
