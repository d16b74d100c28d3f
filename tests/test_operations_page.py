"""docs/operations.md quotes what the gateway writes, and orders that there are."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import bridge
from bridge.control import bridgectl
from bridge.control.grammar import grammar
from bridge.farm.state import State
from bridge.session.flow import Ending

ROOT = Path(bridge.__file__).parent
PAGE = (ROOT.parent / "docs" / "operations.md").read_text()

LEVELS = ("info ", "warn ", "error", "critical")
_LINE = re.compile(
    r" *\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?P<level>.{5}|critical) (?P<text>.*)"
)
_HEADS = re.compile(
    r"(?:worker \d+: (?=\w+ )|farm [\w-]+: |front [\w-]+: |reload: |\w+: (?=stopping))+"
)
_SESSION = re.compile(
    r"(?:session ended as (?P<ending>\w+)|a dial failed and is repeated)"
    r"(?:, [^:]+)?: .+"
)
_LITERAL = 9
"""Letters that a format must have of its own, to be one and not anything."""


def quoted() -> list[tuple[str, str]]:
    """Level and text of every line of a log on the page."""
    found = [_LINE.fullmatch(line) for line in PAGE.splitlines()]
    return [(each["level"], each["text"]) for each in found if each]


@cache
def formats() -> tuple[re.Pattern[str], ...]:
    """Every string of the code that may be a line, as what it can become."""
    found = {
        pattern
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for pattern in _patterns(node)
    }
    return tuple(re.compile(each, re.DOTALL) for each in sorted(found))


def _patterns(node: ast.AST) -> Iterator[str]:
    """Those that the string *node* stands for; constants are formats of the logger."""
    parts: list[str]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        parts = re.split(r"\{[^{}]+\}", node.value)
    elif isinstance(node, ast.JoinedStr):
        parts = [""]
        for each in node.values:
            if isinstance(each, ast.Constant):
                parts[-1] += str(each.value)
            else:
                parts.append("")
    else:
        return
    if len(re.sub(r"\W", "", "".join(parts))) >= _LITERAL:
        yield ".*".join(map(re.escape, parts))


def is_written(text: str) -> bool:
    """Whether some format of the code, behind who it is about, makes *text*."""
    rest = text[found.end() :] if (found := _HEADS.match(text)) else text
    session = _SESSION.fullmatch(rest)
    if session:
        return session["ending"] in {None, *(ending.value for ending in Ending)}
    if any(each.fullmatch(t) for t in {text, rest} for each in formats()):
        return True
    parts = rest.split("; ")  # of which each has its own format
    return len(parts) > 1 and all(map(is_written, parts))


def test_there_are_lines_and_they_have_levels() -> None:
    assert len(quoted()) > 30
    assert [level for level, _ in quoted() if level not in LEVELS] == []


@pytest.mark.parametrize("text", dict.fromkeys(text for _, text in quoted()))
def test_a_line_is_one_that_the_code_writes(text: str) -> None:
    if text.startswith("reload: ") and " → " in text:  # config.changes
        return
    if re.match(r"/\S+:\d+:\d+: ", text):  # an error of a file, as check has it
        text = text.split(": ", 2)[2].split(",")[0]
        assert text in (ROOT / "config" / "wording.py").read_text()
        return
    assert is_written(text)


def test_a_line_that_nobody_writes_is_found() -> None:
    for text in (
        "farm web: server 192.0.2.11:80 has gone fishing",
        "session ended as tired: client ::1",
        "the gateway has given up for good",
    ):
        assert not is_written(text)


def commands() -> list[list[str]]:
    """Every use of bridgectl on the page, in words."""
    uses = re.findall(r"`bridgectl ([^`]+)`", PAGE)
    return [shlex.split(use) for use in dict.fromkeys(uses)]


def test_every_command_is_one_and_has_its_options() -> None:
    known = {
        command.name: {flag for option in command.options for flag in option.flags}
        for command in grammar(bridgectl.command_line()).commands
    }
    assert len(commands()) > 12
    for name, *words in commands():
        flags = {word for word in words if word.startswith("--")}
        assert flags <= known[name], f"bridgectl {name} {flags}"


def test_every_column_is_one_of_a_table_that_bridgectl_prints() -> None:
    headings = {
        word.rstrip(">")
        for path in (ROOT / "control").glob("*_command.py")
        for line in re.findall(r'"((?:[A-Z]+>? ?){3,})"', path.read_text())
        for word in line.split()
    }
    told = set(re.findall(r"`([A-Z]{2,})`", PAGE)) - {"SIGKILL", "HUP"}
    told |= {"FARM", "SERVER", "STATE", "FOR", "SESSIONS", "WEIGHT", "WHY"}
    assert told <= headings | {"SESSION"}


def test_every_reference_leads_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", PAGE, re.M)
    anchors = {
        re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors
    for file in re.findall(r"\]\(([\w.]+\.md)\)", PAGE):
        assert (ROOT.parent / "docs" / file).is_file()


def test_every_ending_and_state_that_is_named_is_one() -> None:
    endings = {ending.value for ending in Ending}
    assert set(re.findall(r"end as `?(\w+)", PAGE)) <= endings | {"anything"}
    states = {state.value for state in State}
    assert set(re.findall(r"`STATE` is `(\w+)` or `(\w+)`", PAGE)[0]) <= states


def test_every_fault_says_what_to_do() -> None:
    faults = re.split(r"^### ", PAGE, flags=re.M)[1:]
    without = [
        fault.partition("\n")[0]
        for fault in faults
        if not re.search(r"\*What\s+to\s+do\.?\*", fault)
    ]
    assert len(faults) > 18
    assert without == []
