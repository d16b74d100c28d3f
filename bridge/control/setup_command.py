"""
``bridgectl setup``, its command line: prints what is needed, runs it, takes it back.

What the commands are is in ``setup``, and who needs them in ``configured``.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from bridge.config import load
from bridge.control import running
from bridge.control.commands import DONE, FAILED, CommandError, Commands, UsageError
from bridge.control.setup import Command, apply, undo
from bridge.doctor.host import NET_ADMIN, Host
from bridge.doctor.needs import needs

_NOTHING = (
    "needs nothing of the kernel: it has no front of a prefix, no pool of sources "
    "and no source: client"
)


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "setup",
        help="print, or run, what the kernel must be told for prefixes and sources",
        description="Fronts of a whole prefix, pools of sources and source: client "
        "need routes and rules. Printed, they can be pasted into a shell; they last "
        "until the host is booted.",
    )
    parser.set_defaults(run=run, parser=parser)
    parser.add_argument(
        "file", metavar="FILE", type=Path, nargs="?", help="the configuration"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--apply", action="store_true", help="run it; what is so already stays so"
    )
    what.add_argument(
        "--undo",
        action="store_true",
        help="take away all that was ever applied, and nothing else; reads no FILE",
    )


def run(options: argparse.Namespace) -> int:
    if options.undo:
        return _take_back(options.file)
    if options.file is None:
        raise UsageError("which configuration? bridgectl setup FILE")
    commands = apply(needs(load(options.file, os.environ).config))
    if not commands:
        print(f"# {options.file} {_NOTHING}")
        return DONE
    if options.apply:
        return _carry_out(commands, options.file)
    print(f"# What {options.file} needs of the kernel, until the next boot.")
    print(f"# {_ourselves(options.file, '--apply')} runs it, --undo takes it back.")
    for command in commands:
        print(f"\n{command}")
    return DONE


def _carry_out(commands: Sequence[Command], file: Path) -> int:
    _demand_privilege("--apply", file)
    lacking = running.missing(commands)
    if lacking:
        packages = " ".join(running.PACKAGES[name] for name in lacking)
        what = f"there is no program {' and no '.join(lacking)}, nothing was changed"
        raise CommandError(f"{what}: install {packages}")
    idle = 0
    for command in commands:
        error, was_so = _perform(command)
        idle += was_so
        if error:
            left = "what came before it stays, --undo takes it away"
            raise CommandError(f"{error} ({left})")
    print(f"# done{_so_already(idle, len(commands))}; a boot takes it away again")
    return DONE


def _take_back(file: Path | None) -> int:
    """All of it that can be, whatever cannot."""
    _demand_privilege("--undo", file)
    status = DONE
    for command in undo():
        if command.arguments[0] == "nft" and running.found("nft") is None:
            continue
        error, _ = _perform(command)
        if error:
            print(f"bridgectl: {error}", file=sys.stderr)
            status = FAILED
    if status == DONE:
        print("# done, nothing of ours is left")
    return status


def _perform(command: Command) -> tuple[str, bool]:
    """What went wrong with it, in one line, and whether there was nothing to do."""
    print(command, flush=True)
    outcome = running.run(command)
    if outcome.idle:
        print("# nothing to do: so it is already")
    return outcome.error and f"{_short(command)}: {outcome.error}", outcome.idle


def _short(command: Command) -> str:
    """In one line, for an error."""
    whole = shlex.join(command.arguments)
    return f"{command.arguments[0]} ({command.why})" if "\n" in whole else whole


def _demand_privilege(flag: str, file: Path | None) -> None:
    """Raises CommandError before anything is changed."""
    if not Host.read().may(NET_ADMIN):
        what = "only root may change routes and rules, nothing was changed"
        raise CommandError(f"{what}: sudo {_ourselves(file, flag)}")


def _ourselves(file: Path | None, flag: str) -> str:
    words = ["bridgectl", "setup", *([str(file)] if file is not None else []), flag]
    return shlex.join(words)


def _so_already(idle: int, count: int) -> str:
    if not idle:
        return ""
    return ", all of it was so already" if idle == count else f", {idle} of it before"
