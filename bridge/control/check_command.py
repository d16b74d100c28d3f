"""
``bridgectl check``: whether a configuration is right, what of it cannot work on this
host, and what of it the running gateway does not know yet.

Not here: the checks (``doctor``), and how two configurations are compared
(``config.changes``).
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bridge.config import Config, ConfigError, summary
from bridge.config.changes import Changes, between
from bridge.config.places import SOCKET
from bridge.config.plain import plain, tree_of
from bridge.control.ask import Gateway
from bridge.control.commands import (
    DONE,
    EX_CONFIG,
    CommandError,
    Commands,
    UsageError,
)
from bridge.doctor import Host, read, warnings
from bridge.doctor.arrivals import arrivals

_SALT = 16
"""Bytes."""


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "check",
        help="read and verify a configuration file",
        description="Says whether FILE is right, and warns of what in it cannot work "
        "on this host. Against a running gateway it says as well what of it is "
        "another than what runs, a line a key, and what of that needs a restart.",
    )
    parser.set_defaults(run=_run, parser=parser)
    parser.add_argument("file", metavar="FILE", help="the configuration")
    parser.add_argument(
        "--against-running",
        action="store_true",
        help="say what a reload would change of the gateway that runs",
    )
    parser.add_argument(
        "--socket",
        metavar="PATH",
        help="of that gateway; without it the admin.socket that FILE has",
    )
    parser.add_argument(
        "--probe",
        action="store_true",
        help="ask the servers what the paths to them carry, as doctor does",
    )
    parser.add_argument(
        "--json", action="store_true", help="the differences, for programs"
    )


def _run(options: argparse.Namespace) -> int:
    if not options.against_running and (options.socket or options.json):
        raise UsageError("--socket and --json are for --against-running")
    file = Path(options.file)
    try:
        config = _read(file, Host.read(looks=True), quiet=options.json)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EX_CONFIG
    if options.probe:
        for line in probed(config):
            print(line, file=sys.stderr if options.json else sys.stdout)
    if options.against_running:
        path = options.socket or config.admin.socket or SOCKET
        with closing(Gateway(path)) as gateway:
            found = against(config, gateway)
        if options.json:
            print(json.dumps({"changes": found.found, "restarts": found.restarts}))
        else:
            print("\n".join(told(found)))
    return DONE


def check(file: Path, host: Host) -> int:
    """Say whether *file* is right, and what of it cannot work on *host*."""
    try:
        _read(file, host)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EX_CONFIG
    return DONE


def _read(file: Path, host: Host, *, quiet: bool = False) -> Config:
    """The same, and what it says.  Raises ConfigError."""
    document = read(file, os.environ, host)
    for line in warnings(document, host):
        print(f"warning: {line}", file=sys.stderr)
    if not quiet:
        print(f"{file}: ok ({summary(document)})")
    return document.config


def probed(config: Config) -> Iterator[str]:
    """What the paths to the servers carry."""
    found = arrivals(config, config.farms)
    yield f"path: {found.line or 'no server has answered'}"
    for each in found.findings:
        yield f"{each.severity.value}: {each}"


def against(config: Config, gateway: Gateway) -> Changes:
    """
    What *config* says that *gateway* does not go by, and the other way round.

    Secrets are compared and not told, nor sent: both sides hash them with a salt of
    this moment.  Raises CommandError.
    """
    salt = secrets.token_bytes(_SALT)
    answer = gateway.ask("config", salt=salt.hex())
    try:
        running = tree_of((path, leaf) for path, leaf in answer["leaves"])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        what = "the gateway's answer makes no sense"
        raise CommandError(f"{what}: is its version another than this one's?") from None
    return between(running, plain(config, salt))


def told(found: Changes) -> Iterator[str]:
    """For people: all of it."""
    if not found:
        yield "the running gateway goes by the same configuration"
        return
    count = len(found.found)
    yield f"{count:,} {'key differs' if count == 1 else 'keys differ'} from what runs:"
    yield from (f"  {line}" for line in found.lines(count))
