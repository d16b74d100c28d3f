"""
What a running gateway may be asked: the commands, their arguments, and the lines of
JSON that they are asked and answered in.

Pure, and the whole of the protocol: a line in is a request or an AnswerError, an answer
is a line out.  ``docs/admin.md`` tells it to people.  Not here: the socket (``admin``),
who asks (``ask``), and what is answered (``service.answers``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bridge.config.spelling import did_you_mean
from bridge.watch.levels import LEVELS

VERSION = 1

LONGEST = 64 * 1024
"""Bytes of a request's line, its end not counted."""

MOST_TEXT = 255
"""Characters of an argument."""

MOST_SESSIONS = 10_000
"""Sessions that one answer may list."""

SHOWN = 100
"""Those that one lists where it is not said how many."""

SORTS = ("age", "bytes", "up", "down", "rate")
"""What sessions are listed by, the oldest or the most first."""

PIECE = 64
"""Things of a list that are encoded at a time."""

Answer = dict[str, Any]


class AnswerError(Exception):
    """What was asked cannot be done.  Its text is one line: why, and the cure."""


class Request(NamedTuple):
    command: str
    args: Mapping[str, Any]

    def __str__(self) -> str:
        """As ``bridgectl`` has it, for the log."""
        words = [
            self.command,
            *(f"{key} {self.args[key]}" for key in sorted(self.args)),
        ]
        return " ".join(words)


_SALT = re.compile("([0-9a-f]{2}){1,64}")

Check = Callable[[object], str]
"""What is wrong with an argument's value; empty: nothing."""


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        return "is a text"
    if len(value) > MOST_TEXT:
        return f"has at most {MOST_TEXT} characters"
    return "" if value.isprintable() else "has characters that nobody can see"


def _salt(value: object) -> str:
    right = isinstance(value, str) and _SALT.fullmatch(value)
    return "" if right else "is 2 to 128 hexadecimal digits, an even number of them"


def _switch(value: object) -> str:
    return "" if isinstance(value, bool) else "is true or false"


def _count(value: object) -> str:
    whole = isinstance(value, int) and not isinstance(value, bool)
    right = whole and 1 <= value <= MOST_SESSIONS  # type: ignore[operator]
    return "" if right else f"is a whole number from 1 to {MOST_SESSIONS}"


def _one_of(*choice: str) -> Check:
    def check(value: object) -> str:
        return "" if value in choice else f"is one of {', '.join(choice)}"

    return check


@dataclass(frozen=True)
class Command:
    """One that may be asked for."""

    needs: Mapping[str, Check] = field(default_factory=dict)
    may: Mapping[str, Check] = field(default_factory=dict)
    changes: bool = False
    """Whether anything is another afterwards: then the log says who has ordered it."""


_SERVER = Command({"server": _text}, {"farm": _text}, changes=True)

COMMANDS: Mapping[str, Command] = {
    "status": Command(),
    "servers": Command(may={"farm": _text, "server": _text}),
    "sessions": Command(
        may={
            **dict.fromkeys(("front", "farm", "server", "client", "state"), _text),
            "sort": _one_of(*SORTS),
            "reverse": _switch,
            "sides": _switch,
            "sums": _switch,
            "limit": _count,
        }
    ),
    "session": Command({"session": _text}),
    "endings": Command(may={"limit": _count}),
    "path": Command(),
    "who": Command({"address": _text}),
    "state": Command(),
    "config": Command({"salt": _salt}),
    "drain": _SERVER,
    "ready": _SERVER,
    "disable": _SERVER,
    "kill": Command({"session": _text}, changes=True),
    "log-level": Command({"level": _one_of(*LEVELS)}, changes=True),
    "reload": Command(changes=True),
    "upgrade": Command(changes=True),
}


def request(line: bytes) -> Request:
    """What *line*, without its end, asks for.  Raises AnswerError."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        raise AnswerError(f"this is no line of JSON: {_SHAPE}") from None
    if not isinstance(said, dict):
        raise AnswerError(f"this is no object of JSON: {_SHAPE}")
    version, command, args = said.get("v"), said.get("command"), said.get("args", {})
    if type(version) is not int or version != VERSION:
        raise AnswerError(
            f'this gateway speaks version {VERSION}: write "v": {VERSION}'
        )
    if not isinstance(command, str) or not isinstance(args, dict):
        raise AnswerError(f"a command or its arguments are missing: {_SHAPE}")
    return checked(command, args)


def checked(command: str, args: Mapping[str, Any]) -> Request:
    """As one that may be carried out.  Raises AnswerError."""
    known = COMMANDS.get(command)
    if known is None:
        what = f"there is no command {command[:20]!r}"
        raise AnswerError(f"{what}, {did_you_mean(command[:20], COMMANDS)}")
    for name in known.needs:
        if name not in args:
            raise AnswerError(f"{command} needs the argument {name}")
    allowed = {**known.needs, **known.may}
    for name, value in args.items():
        check = allowed.get(name)
        if check is None:
            what = f"{command} has no argument {name[:20]!r}"
            raise AnswerError(f"{what}, {did_you_mean(name[:20], allowed)}")
        wrong = check(value)
        if wrong:
            raise AnswerError(f"{command}: {name} {wrong}")
    return Request(command, args)


_SHAPE = f'write {{"v": {VERSION}, "command": "status", "args": {{}}}}'


def asked(command: str, args: Mapping[str, Any]) -> bytes:
    """The line that asks for it."""
    said = {"v": VERSION, "command": command, "args": dict(args)}
    return json.dumps(said).encode() + b"\n"


def refused(why: str) -> bytes:
    """The line that says why not."""
    said = {"v": VERSION, "ok": False, "error": why}
    return json.dumps(said).encode() + b"\n"


def answered(answer: Answer) -> Iterator[bytes]:
    """
    The line that gives *answer*, in pieces each of which is made in a short time: what
    is long in it are the lists that it has at once below it.
    """
    yield f'{{"v": {VERSION}, "ok": true, "answer": {{'.encode()
    comma = ""
    for key, value in answer.items():
        head = f"{comma}{json.dumps(key)}: "
        if isinstance(value, list) and len(value) > PIECE:
            yield from _in_pieces(head + "[", value)
        else:
            yield (head + json.dumps(value)).encode()
        comma = ", "
    yield b"}}\n"


def _in_pieces(head: str, values: list[Any]) -> Iterator[bytes]:
    for start in range(0, len(values), PIECE):
        inner = json.dumps(values[start : start + PIECE])[1:-1]
        yield (head + inner).encode()
        head = ", "
    yield b"]"


def answer_of(line: bytes) -> Answer:
    """
    What a gateway's *line* says.  Raises AnswerError: what it gives as the reason, or
    that this is no answer of its.
    """
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or said.get("v") != VERSION:
        raise AnswerError("what answers there is no gateway of this version")
    if said.get("ok") is True and isinstance(said.get("answer"), dict):
        return dict(said["answer"])
    raise AnswerError(str(said.get("error", "it does not say why it is not done")))
