"""``bridgectl top``, its command line, where there is no terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.control import top_command
from bridge.control.commands import CommandError
from tests.answering import Answering, answering
from tests.topped import Asked, front, listed, moves, server, session, status
from tests.watching import Answers, saying

__all__ = ["answering"]


@pytest.fixture
def told(answering: Answering, monkeypatch: pytest.MonkeyPatch) -> Answering:
    """Two looks; the time between them is not waited for."""
    slept: list[float] = []
    monkeypatch.setattr(top_command, "sleep", slept.append)
    later = front(accepted=11, bytes={"up": 200, "down": 3000})
    answering.says("status", status(), status(fronts=[later]))
    answering.says("path", {"fronts": {}, "farms": {}, "warnings": ["odd"]})
    answering.says("servers", {"servers": [server()]})
    answering.says("sessions", listed(session(), sums=[moves()]))
    return answering


def test_where_there_is_no_terminal_it_is_told_once(told: Answering) -> None:
    code, out, err = told.run("top")
    assert (code, err) == (0, "")
    assert out.startswith("bridge 1.0, 3 sessions of at most 7972")
    for head in "FRONT", "FARM", "CLIENT":
        assert f"\n{head} " in out
    assert "\nwarning: odd\n" in out
    asked = ["status", "servers", "sessions", "path"]
    assert [command for command, _ in told.asked] == 2 * asked


def test_programs_get_json_with_rates(told: Answering) -> None:
    code, out, _ = told.run("top", "--json")
    answer = json.loads(out)
    assert code == 0
    rate = answer["fronts"][0]["rate"]
    assert rate["down"] > rate["up"] > 0
    assert answer["servers"][0]["rate"]["down"] == 50


@pytest.mark.parametrize("interval", ["0", "-1", "nan", "1e9", "x"])
def test_an_interval_that_is_none_is_a_wrong_line(
    answering: Answering, interval: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        answering.run("top", f"--interval={interval}")
    assert caught.value.code == 2
    assert answering.asked == []


def test_a_gateway_that_is_not_there_is_an_error(answering: Answering) -> None:
    answering.says("status", CommandError("no gateway listens there"))
    assert answering.run("top", "--once") == (
        1,
        "",
        "bridgectl: no gateway listens there\n",
    )


def test_without_rich_a_terminal_is_told_the_cure(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(top_command, "_on_a_terminal", lambda: True)
    monkeypatch.setattr(top_command, "find_spec", lambda _: None)
    code, out, err = answering.run("top")
    assert (code, out, answering.asked) == (2, "", [])
    assert err.count("\n") == 1
    assert "pip install 'bridge-gateway[top]'" in err


_WITHOUT = """
import sys
sys.modules["rich"] = None
from bridge.control.bridgectl import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("form", ["--once", "--json"])
def test_text_and_json_need_no_rich(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a.sock"
    command = [sys.executable, "-c", _WITHOUT, "top", f"--socket={path}", form]
    with saying(path, Answers(**Asked().answers)):
        done = subprocess.run(
            [*command, "--interval=0.1"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, ""), done
    assert "abc-1" in done.stdout
