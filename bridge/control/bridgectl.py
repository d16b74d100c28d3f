"""
The operator's command line: what is asked of a configuration, and of a gateway that
runs.

Exit codes: 0 done, 1 it failed, 2 the command line is wrong, 78 the configuration is.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

from bridge import __version__
from bridge.config import ConfigError
from bridge.config.keys import did_you_mean
from bridge.config.markdown import markdown
from bridge.config.schema import explain, json_schema
from bridge.control import (
    check_command,
    completion_command,
    doctor_command,
    init_command,
    orders_command,
    password_command,
    path_command,
    servers_command,
    sessions_command,
    setup_command,
    status_command,
    top_command,
    who_command,
    zone_command,
)
from bridge.control.commands import (
    DONE,
    EX_CONFIG,
    FAILED,
    CommandError,
    Commands,
    UsageError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.  Returns its exit code; argparse exits with 2 by itself."""
    parser = command_line()
    _refuse_unknown(parser, sys.argv[1:] if arguments is None else arguments)
    options, left = parser.parse_known_args(arguments)
    if left:
        _take_left(options, left)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except UsageError as error:
        options.parser.error(str(error))
    except CommandError as error:
        print(f"bridgectl: {error}", file=sys.stderr)
        return FAILED
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EX_CONFIG
    except BrokenPipeError:  # `bridgectl schema | head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:  # of a log that is long
        return FAILED
    return status


def _refuse_unknown(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    """
    A command that is none: argparse would find fault with its options first, and knows
    no spelling.
    """
    command = arguments[0] if arguments else "-"
    if not command.startswith("-") and command not in _BUILT:
        hint = did_you_mean(command, _BUILT)
        parser.error(f"there is no command {command!r}, {hint}")


def _take_left(options: argparse.Namespace, left: list[str]) -> None:
    """argparse has none of a command's ``addresses`` behind an option of it."""
    unknown = [word for word in left if word.startswith("-")]
    if unknown or "addresses" not in options:
        options.parser.error(f"unrecognized arguments: {' '.join(unknown or left)}")
    options.addresses += left


def _schema(options: argparse.Namespace) -> int:
    text = markdown() if options.markdown else json.dumps(json_schema(), indent=2)
    print(text.rstrip("\n"))
    return DONE


def _explain(options: argparse.Namespace) -> int:
    try:
        print(explain(options.key))
    except KeyError as error:
        raise UsageError(error.args[0]) from None
    return DONE


def command_line() -> argparse.ArgumentParser:
    """The whole of it, with every command."""
    parser = argparse.ArgumentParser(prog="bridgectl", description=_DESCRIPTION)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_checking(commands)
    for each in (
        *(
            doctor_command,
            init_command,
            setup_command,
            password_command,
            who_command,
            zone_command,
        ),
        *(status_command, top_command, sessions_command),
        *(servers_command, path_command),
        orders_command,
    ):
        each.add(commands)
    completion_command.add(commands, command_line)
    return parser


def _add_checking(commands: Commands) -> None:
    check_command.add(commands)
    schema = commands.add_parser("schema", help="print the JSON Schema, for editors")
    schema.set_defaults(run=_schema, parser=schema)
    schema.add_argument(
        "--markdown", action="store_true", help="the reference instead, for people"
    )
    explain = commands.add_parser("explain", help="say what a key means")
    explain.set_defaults(run=_explain, parser=explain)
    explain.add_argument("key", metavar="KEY", help="such as fronts.NAME.listen")


_BUILT = (
    *(
        "check",
        "completion",
        "doctor",
        "schema",
        "explain",
        "init",
        "setup",
        "who",
        "zone",
    ),
    "password",
    *(
        "status",
        "state",
        "path",
        "sessions",
        "session",
        "kill",
        "servers",
        "drain",
        "ready",
    ),
    *("top", "disable", "log-level", "reload", "upgrade"),
)

_DESCRIPTION = "Checks, explains and prepares configurations of the bridge gateway."

if __name__ == "__main__":
    sys.exit(main())
