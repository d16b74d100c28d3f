"""bash itself completes bridgectl's command lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.completing import (
    LINES,
    NAMED,
    at_a_terminal,
    expect,
    expect_nothing_run,
    gateway,
)
from tests.shells import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with at_a_terminal("bash", tmp_path) as found:
        yield found


def test_commands_options_words_keys_and_files(shell: Shell) -> None:
    expect(shell, "bridgectl ", LINES)


def test_names_are_the_running_gateways(shell: Shell, tmp_path: Path) -> None:
    with gateway(tmp_path) as path:
        expect(shell, f"bridgectl drain --socket {path} ", NAMED)


def test_an_address_with_brackets(shell: Shell, tmp_path: Path) -> None:
    with gateway(tmp_path) as path:
        begin = f"bridgectl drain --socket {path} "
        found = shell.completed(f"{begin}[2001:")
    assert found.replace("\\", "") == f"{begin}[2001:db8::1]:80 "


def test_a_value_may_stand_behind_an_equals_sign(shell: Shell) -> None:
    found = shell.completed("bridgectl level --by=f")
    assert found.rstrip() == "bridgectl level --by=foot"


def test_nothing_that_it_is_told_is_run(shell: Shell, tmp_path: Path) -> None:
    with gateway(tmp_path) as path:
        begin = f"bridgectl drain --socket {path} "
        expect_nothing_run(shell, begin, tmp_path / "here")


def test_without_a_gateway_there_are_no_names(shell: Shell, tmp_path: Path) -> None:
    line = f"bridgectl drain --socket {tmp_path}/none bl"
    assert shell.completed(line) == line
