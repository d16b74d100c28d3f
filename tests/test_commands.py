"""How commands end that cannot do their work."""

import pytest

from bridge.control import bridgectl, zone_command
from bridge.control.commands import CommandError, UsageError


def ends(monkeypatch: pytest.MonkeyPatch, error: Exception) -> int:
    def run(_: object) -> int:
        raise error

    monkeypatch.setattr(zone_command, "run", run)
    return bridgectl.main(["zone", "f"])


def test_what_a_command_cannot_do_is_1_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends(monkeypatch, CommandError("f: no: do it so")) == 1
    assert capsys.readouterr() == ("", "bridgectl: f: no: do it so\n")


def test_what_argparse_cannot_know_is_2_with_the_commands_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        ends(monkeypatch, UsageError("write --farm NAME"))
    assert caught.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith("usage: bridgectl zone ")
    assert err.endswith("bridgectl zone: error: write --farm NAME\n")
