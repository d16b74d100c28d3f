"""The manual pages: made of model and parsers, current, and clean."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bridge.config.keys import ROOT
from bridge.control.bridgectl import command_line
from bridge.control.grammar import grammar
from bridge.manual import main, pages
from tests.netlab.fixtures import missing

FOLDER = Path(__file__).parent.parent / "docs" / "man"
PAGES = pages()

TOOLS = {
    "mandoc": ["mandoc", "-Tlint", "-W", "all"],
    "groff": ["groff", "-man", "-ww", "-z"],
    "man": ["man", "--warnings=all", "--local-file"],
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_current(name: str) -> None:
    assert (FOLDER / name).read_text() == PAGES[name], "run `make docs`"


def test_no_page_is_there_that_nobody_writes() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(PAGES)


def test_they_are_written_where_they_are_wanted(tmp_path: Path) -> None:
    main(tmp_path / "man")
    assert (tmp_path / "man" / "bridgectl.1").read_text() == PAGES["bridgectl.1"]


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_fault(name: str, tool: str) -> None:
    if shutil.which(tool) is None:
        missing(f"needs {tool}")
    run = subprocess.run(
        [*TOOLS[tool], FOLDER / name],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "MANPAGER": "cat", "LC_ALL": "C.UTF-8"},
    )
    # mandoc says on its output what is wrong; man has the page there.
    found = run.stdout if tool == "mandoc" else run.stderr
    # Where pages refer to is not installed with a checkout.
    faults = [
        line for line in found.splitlines() if "referenced manual not found" not in line
    ]
    assert faults == []
    assert run.returncode == 0 or tool == "mandoc"


def roff(text: str) -> str:
    return text.replace("-", r"\-")


def test_the_page_of_the_file_has_every_key() -> None:
    text = PAGES["bridge.yaml.5"]
    keys = [
        key.path
        for key in ROOT.all_below()
        if not key.path.endswith(("NAME", "[]")) and "." in key.path
    ]
    assert [path for path in keys if rf".SS \fB{roff(path)}\fR" not in text] == []


def test_the_page_of_bridgectl_has_every_command_and_option() -> None:
    text = PAGES["bridgectl.1"]
    for command in grammar(command_line()).commands:
        assert f".SS \\fB{roff('bridgectl ' + command.name)}" in text
        for option in command.options:
            assert all(roff(flag) in text for flag in option.flags)


def test_the_page_of_twistd_has_its_options_and_signals() -> None:
    text = PAGES["twistd-bridge.8"]
    for word in ("--config", "--check", "--demo", "HUP", "TERM", "USR1", "USR2"):
        assert rf"\fB{roff(word)}\fR" in text
