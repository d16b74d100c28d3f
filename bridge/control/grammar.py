"""
The command line of ``bridgectl`` as plain values, read from its argparse parser: what
its manual page and the shells' completion are made of.

Not here: the parser itself (``bridgectl``), or how either is written (``manual``,
``completion``).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

OF_FILES = frozenset({"FILE", "PATH"})
OF_KEYS = "KEY"
"""What stands, in a usage line, for a file, and for a key of the configuration."""
OF_THE_GATEWAY = {
    "SERVER": "server",
    "FARM": "farm",
    "FRONT": "front",
    "SESSION": "session",
}
"""
What a running gateway knows the names of, by the words for it in a usage line; behind
an option of that name stands ``NAME``.
"""


@dataclass(frozen=True, slots=True)
class Argument:
    """An option of a command, or what stands in its place by itself."""

    flags: tuple[str, ...]
    """``("-c", "--config")``; none for what is no option."""
    metavar: str
    """What stands for its value in a usage line; empty for a switch."""
    about: str
    choices: tuple[str, ...]
    many: bool
    """Whether it may come again, or take several values."""
    required: bool


@dataclass(frozen=True, slots=True)
class Command:
    """One command, or the whole line before there is one (its name is empty then)."""

    name: str
    about: str
    """One line, as the list of commands has it."""
    description: str
    usage: str
    arguments: tuple[Argument, ...]

    @property
    def options(self) -> tuple[Argument, ...]:
        return tuple(each for each in self.arguments if each.flags)

    @property
    def places(self) -> tuple[Argument, ...]:
        """What is no option, in its order."""
        return tuple(each for each in self.arguments if not each.flags)


@dataclass(frozen=True, slots=True)
class Grammar:
    """A whole command line."""

    program: Command
    commands: tuple[Command, ...]


def grammar(parser: argparse.ArgumentParser) -> Grammar:
    """What *parser*, which has commands, understands."""
    return Grammar(_command(parser, ""), tuple(_commands(parser)))


def _commands(parser: argparse.ArgumentParser) -> Iterator[Command]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            about = {each.dest: each.help or "" for each in action._choices_actions}
            for name, each in action.choices.items():
                yield _command(each, about.get(name, ""), name)


def _command(parser: argparse.ArgumentParser, about: str, name: str = "") -> Command:
    # Its own width would be the terminal's.
    shown = [each for each in parser._actions if each.dest != "help"]
    formatter = argparse.HelpFormatter(parser.prog, width=10_000)
    formatter.add_usage(
        parser.usage, shown, parser._mutually_exclusive_groups, prefix=""
    )
    return Command(
        name,
        about=about,
        description=" ".join((parser.description or "").split()),
        usage=formatter.format_help().strip(),
        arguments=tuple(
            _argument(each)
            for each in parser._actions
            if not isinstance(each, argparse._SubParsersAction)
            and each.help is not argparse.SUPPRESS
        ),
    )


def _argument(action: argparse.Action) -> Argument:
    takes = action.nargs != 0
    choices = tuple(map(str, action.choices or ()))
    metavar = action.metavar or ("|".join(choices) if choices else action.dest.upper())
    several = action.nargs in ("*", "+") or isinstance(action, argparse._AppendAction)
    return Argument(
        tuple(action.option_strings),
        metavar=str(metavar) if takes else "",
        about=" ".join((action.help or "").split()) % _defaults(action),
        choices=choices,
        many=several,
        required=action.required and action.nargs not in ("?", "*"),
    )


def _defaults(action: argparse.Action) -> dict[str, object]:
    """What a help text may refer to."""
    return {"default": action.default, "prog": "bridgectl"}
