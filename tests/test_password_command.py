"""``bridgectl password``: whom its line lets in."""

from __future__ import annotations

import getpass
import io
import sys
from pathlib import Path

import pytest

from bridge.control.bridgectl import main
from bridge.net.passwords import load_passwords

Printed = pytest.CaptureFixture[str]


def typed(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    """At a terminal."""
    left = list(words)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(getpass, "getpass", lambda _: left.pop(0))


def test_its_line_lets_somebody_in(
    tmp_path: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse\r\nmore\n"))
    assert main(["password", "anna"]) == 0
    file = tmp_path / "who"
    file.write_text(capsys.readouterr().out)
    found = load_passwords(file)
    assert list(found) == [b"anna"] and found[b"anna"].is_of(b"correct horse")


def test_at_a_terminal_it_asks_twice(
    capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "correct horse", "correct horse")
    assert main(["password", "anna"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("anna:$scrypt$ln=15,r=8,p=3$") and err == ""
    typed(monkeypatch, "correct horse", "correct house")
    assert main(["password", "anna"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err == "bridgectl: the two are not the same\n"


def test_what_is_too_short_is_refused(
    capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("horse"))
    assert main(["password", "anna"]) == 1
    assert "at least 8 characters" in capsys.readouterr().err


def test_and_what_is_no_name(capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse"))
    with pytest.raises(SystemExit) as left:
        main(["password", "an:na"])
    assert left.value.code == 2 and "is no name" in capsys.readouterr().err
