"""The command line as values."""

import argparse

from bridge.control.bridgectl import command_line
from bridge.control.grammar import Argument, grammar


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="bridgectl", description="About\n  it.")
    top.add_argument("--version", action="version", version="1")
    commands = top.add_subparsers(metavar="COMMAND")
    one = commands.add_parser("one", help="the first", description="It is the first.")
    one.add_argument("file", metavar="FILE", help="read")
    one.add_argument("more", nargs="*")
    one.add_argument("--level", "-l", choices=["low", "high"], help="by %(default)s")
    one.add_argument("--log", metavar="PATH", action="append", help="again")
    one.add_argument("--quiet", action="store_true", help="no words")
    one.add_argument("--hidden", help=argparse.SUPPRESS)
    commands.add_parser("two", help="the second")
    return top


def test_the_program_and_its_commands() -> None:
    found = grammar(parser())
    assert found.program.description == "About it."
    assert [each.name for each in found.commands] == ["one", "two"]
    assert [each.about for each in found.commands] == ["the first", "the second"]
    assert found.commands[0].usage == (
        "bridgectl one [--level {low,high}] [--log PATH] [--quiet] FILE [more ...]"
    )


def test_a_commands_options_and_places() -> None:
    one = grammar(parser()).commands[0]
    assert one.places == (
        Argument((), "FILE", "read", (), many=False, required=True),
        Argument((), "MORE", "", (), many=True, required=False),
    )
    options = {each.flags[0]: each for each in one.options}
    assert list(options) == ["-h", "--level", "--log", "--quiet"]
    assert options["--level"] == Argument(
        ("--level", "-l"), "low|high", "by None", ("low", "high"), False, False
    )
    assert options["--log"].many
    assert options["--quiet"].metavar == ""


def test_every_command_of_ours_says_what_it_is_for() -> None:
    found = grammar(command_line())
    assert [each.name for each in found.commands if not each.about] == []
    assert len(found.commands) >= 6
    unsaid = [
        (command.name, option.flags)
        for command in found.commands
        for option in command.options
        if not option.about
    ]
    assert unsaid == []
