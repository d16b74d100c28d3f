"""``bridgectl password NAME``: the line of ``admin.passwords`` for somebody."""

from __future__ import annotations

import argparse
import getpass
import sys

from bridge.control.commands import DONE, CommandError, Commands, UsageError
from bridge.net.passwords import line_of

SHORTEST = 8
"""Characters; NIST SP 800-63B, section 3.1.1, has no fewer."""


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "password",
        help="make a line for the file of passwords that the page asks for",
        description="Asks for a password, twice, and prints the line that lets NAME "
        "look at the page with it: append it to the file of admin.passwords, which "
        "only the gateway and root should be able to read. Without a terminal the "
        "password is the first line of standard input.",
    )
    parser.set_defaults(run=run, parser=parser)
    parser.add_argument("name", metavar="NAME", help="who is let in")


def run(options: argparse.Namespace) -> int:
    password = _asked() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if len(password) < SHORTEST:
        raise CommandError(f"a password has at least {SHORTEST} characters")
    try:
        print(line_of(options.name, password))
    except ValueError as error:
        raise UsageError(str(error)) from None
    return DONE


def _asked() -> str:
    first = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != first:
        raise CommandError("the two are not the same")
    return first
