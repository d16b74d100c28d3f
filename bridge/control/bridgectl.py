"""
The operator's command line: what is asked of a configuration, and of a gateway that
runs.

Exit codes: 0 done, 1 it failed, 2 the command line is wrong, 78 the configuration is.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module

from bridge import __version__
from bridge.config.problems import ConfigError
from bridge.config.spelling import did_you_mean
from bridge.control.commands import DONE, EX_CONFIG, FAILED, CommandError, UsageError

_MODULES = {
    "check_command": ("check",),
    "schema_command": ("schema", "explain"),
    "doctor_command": ("doctor",),
    "init_command": ("init",),
    "setup_command": ("setup",),
    "password_command": ("password",),
    "who_command": ("who",),
    "zone_command": ("zone",),
    "status_command": ("status", "state"),
    "top_command": ("top",),
    "sessions_command": ("sessions", "session", "kill"),
    "servers_command": ("servers", "drain", "disable", "ready"),
    "path_command": ("path",),
    "orders_command": ("log-level", "reload", "upgrade"),
    "completion_command": ("completion",),
}
"""
Where each command is, in the order in which they are listed.  Only the asked one's
module is imported: the model takes half a second, and most need none.
"""

_WHERE = {name: module for module, names in _MODULES.items() for name in names}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.  Returns its exit code; argparse exits with 2 by itself."""
    words = sys.argv[1:] if arguments is None else arguments
    parser = _parser_for(words)
    options, left = parser.parse_known_args(words)
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


def _take_left(options: argparse.Namespace, left: list[str]) -> None:
    """argparse has none of a command's ``addresses`` behind an option of it."""
    unknown = [word for word in left if word.startswith("-")]
    if unknown or "addresses" not in options:
        options.parser.error(f"unrecognized arguments: {' '.join(unknown or left)}")
    options.addresses += left


def _parser_for(words: Sequence[str]) -> argparse.ArgumentParser:
    """
    What can read *words*.  Of a command that is none argparse would find fault with its
    options first, and it knows no spelling.
    """
    command = words[0] if words else "-"
    if command in _WHERE:
        return _parser([_WHERE[command]])
    parser = command_line()
    if not command.startswith("-"):
        hint = did_you_mean(command, _WHERE)
        parser.error(f"there is no command {command!r}, {hint}")
    return parser


def command_names() -> tuple[str, ...]:
    """Of all commands, as they are listed."""
    return tuple(_WHERE)


def command_line() -> argparse.ArgumentParser:
    """The whole of it, with every command."""
    return _parser(_MODULES)


def _parser(modules: Iterable[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bridgectl", description=_DESCRIPTION)
    parser.add_argument("--version", action="version", version=__version__)
    parser.set_defaults(whole=command_line)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in modules:
        import_module(f"bridge.control.{name}").add(commands)
    return parser


_DESCRIPTION = "Checks, explains and prepares configurations of the bridge gateway."

if __name__ == "__main__":
    sys.exit(main())
