"""``docs/admin.md`` has every command, argument and field that there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.config.places import SOCKET
from bridge.control.admin import MOST
from bridge.control.client import SILENT, SLOW
from bridge.control.merge import merge
from bridge.control.orders import (
    COMMANDS,
    LONGEST,
    MOST_SESSIONS,
    MOST_TEXT,
    SHOWN,
    SORTS,
    VERSION,
    answer_of,
    request,
)
from bridge.service.listed import STATES
from tests.questioned import Asked, asked

PAGE = (Path(__file__).parent.parent / "docs" / "admin.md").read_text()
WORDS = set(re.findall(r"`([\w-]+)`", PAGE))


def part(command: str) -> str:
    """What the page says of it."""
    found = re.search(rf"\n### (?:\w+, )?{command}\b.*?(?=\n##)", PAGE, re.S)
    assert found is not None, f"docs/admin.md lacks {command}"
    return found[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_told_with_its_arguments(command: str) -> None:
    told = part(command)
    for name in COMMANDS[command].may:
        told += part("drain") if command in ("ready", "disable") else ""
        assert f"`--{name}`" in told or f"`{name}`" in told, name
    for name in COMMANDS[command].needs:
        assert f"{command} {name.upper()}" in told
        assert f"`{name}`" in PAGE.partition("## The protocol")[2]


def fields(value: Any) -> Iterator[str]:
    """The keys of *value* and of all in it, but those that are data."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if key not in ("endings", "refused", "requests"):
                yield from fields(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner)


@pytest.fixture(scope="module")
def running() -> Iterator[Asked]:
    with asked() as made:
        made.connect()
        yield made


@pytest.mark.parametrize("command", ["status", "sessions", "session", "servers"])
def test_each_field_of_an_answer_is_told(running: Asked, command: str) -> None:
    args = {}
    if command == "session":
        args["session"] = running.ask("sessions")["sessions"][0]["session"]
    answer = merge(command, args, [running.ask(command, **args)])
    told = set(re.findall(r"`([\w-]+)`", part(command) + part("sessions")))
    assert set(fields(answer)) - told - {"server"} == set()


def test_the_lines_that_it_shows_are_such() -> None:
    lines = re.findall(r'^\{"v".*$', PAGE, re.M)
    command, answer, _ = lines
    assert request(command.encode()).command == "servers"
    assert answer_of(answer.replace("...", "").encode()) == {"servers": []}
    assert f"Version {VERSION}." in PAGE


def test_its_numbers_are_those_of_the_code() -> None:
    assert SOCKET in PAGE
    assert f"a line has {LONGEST >> 10} KiB" in PAGE
    assert f"{SLOW:g} s from its first byte" in PAGE
    assert f"silent for {SILENT / 60:g} minutes" in PAGE
    assert f"more than {MOST} clients" in PAGE
    assert f"{SHOWN} if it is not said, {MOST_SESSIONS:,} at most" in PAGE
    assert f"texts of up to {MOST_TEXT} characters" in PAGE
    assert set(STATES) | set(SORTS) <= WORDS
