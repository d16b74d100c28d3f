"""``bridgectl doctor``, its command line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bridge.control.bridgectl import main
from tests.answering import Answering, answering
from tests.paths import listening
from tests.test_path_command import PATH

__all__ = ["answering"]

TEXT = """\
fronts: {{web: {{listen: "[::1]:1", to: web}}}}
farms: {{web: {{servers: ["{}"]}}}}
"""


def doctor(tmp_path: Path, text: str, *options: str) -> int:
    file = tmp_path / "f.yaml"
    file.write_text(text)
    return main(["doctor", str(file), *options])


def test_what_is_well_is_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with listening("127.0.0.1") as address:
        assert doctor(tmp_path, TEXT.format(address)) == 0
        told = capsys.readouterr().out
        assert str(address) in told
        assert doctor(tmp_path, TEXT.format(address), "--json") == 0
    told_json = json.loads(capsys.readouterr().out)
    assert told_json["well"] is True
    (path,) = told_json["paths"]
    assert (path["verdict"], path["address"]) == ("ok", str(address))
    assert path["size"] == path["wanted"]


def test_a_port_that_is_taken_is_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with listening("::1") as taken, listening("127.0.0.1") as server:
        text = TEXT.format(server).replace("[::1]:1", str(taken))
        assert doctor(tmp_path, text) == 1
    assert f"{taken} is taken by" in capsys.readouterr().out


def test_a_broken_configuration_is_78(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor(tmp_path, "fronts: {}\n") == 78
    assert capsys.readouterr().err


@pytest.mark.parametrize("patience", ["0", "-1", "soon", "1e9", "nan"])
def test_a_patience_that_is_none_is_2(tmp_path: Path, patience: str) -> None:
    with pytest.raises(SystemExit) as ended:
        doctor(tmp_path, TEXT, f"--patience={patience}")
    assert ended.value.code == 2


def test_an_ordinary_user_is_helped_where_only_root_could_start(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with listening("127.0.0.1") as server:
        text = TEXT.format(server) + "log: {access: /none/such/file}\n"
        assert doctor(tmp_path, text) == 0
        told = capsys.readouterr().out
        assert "unknown  start: by this user: " in told
        assert "there is no folder /none/such" in told
        monkeypatch.undo()
        if os.geteuid() == 0:
            assert doctor(tmp_path, text) == 78


def test_without_a_file_or_a_gateway_there_is_nothing_to_look_at(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["doctor"])
    assert ended.value.code == 2
    assert "FILE" in capsys.readouterr().err


def test_live_it_says_what_the_gateway_has_seen(answering: Answering) -> None:
    answering.says("path", PATH)
    status, out, _ = answering.run("doctor", "--live", "--json")
    told = json.loads(out)
    assert status == 1 and not told["well"]
    assert told["findings"][0]["cure"] == "profiles.own.mss: safe"
    answering.says("path", PATH | {"fronts": {}})
    status, out, _ = answering.run("doctor", "--live")
    assert status == 0
    assert "1 warn" in out
