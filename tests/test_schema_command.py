"""``bridgectl schema`` and ``explain``."""

from __future__ import annotations

import json

import pytest

from bridge.control.bridgectl import main

Printed = pytest.CaptureFixture[str]


def test_the_schema_is_printed(capsys: Printed) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["required"] == ["fronts", "farms"]
    assert main(["schema", "--markdown"]) == 0
    assert capsys.readouterr().out.startswith("# Configuration\n")


def test_a_key_is_explained(capsys: Printed) -> None:
    assert main(["explain", "profiles.internet.mss"]) == 0
    assert capsys.readouterr().out.startswith("profiles.NAME.mss\n  type: auto, safe")


def test_an_unknown_key_is_a_wrong_command_line(capsys: Printed) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["explain", "fronts.web.listne"])
    assert caught.value.code == 2
    assert 'did you mean "listen"?' in capsys.readouterr().err
