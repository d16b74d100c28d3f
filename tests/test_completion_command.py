"""``bridgectl completion SHELL`` and the scripts of the real command line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bridge.control.bridgectl import command_line, main
from bridge.control.completion_command import SHELLS
from bridge.control.grammar import grammar
from tests.completing import ASKING
from tests.netlab.fixtures import requires


@pytest.mark.parametrize("name", SHELLS)
def test_the_script_is_one_that_the_shell_reads(name: str, tmp_path: Path) -> None:
    requires(name)
    script = tmp_path / "script"
    script.write_text(SHELLS[name](grammar(command_line()), ASKING))
    run = subprocess.run([name, "-n", script], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize("name", SHELLS)
def test_the_command_prints_it(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", name]) == 0
    assert capsys.readouterr().out == SHELLS[name](grammar(command_line()), ASKING)


def test_another_shell_is_a_wrong_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["completion", "csh"])
    assert left.value.code == 2
    assert "choose from" in capsys.readouterr().err
