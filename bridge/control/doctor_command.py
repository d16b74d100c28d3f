"""
``bridgectl doctor``: what of this host and of the ways to the servers does not do what
a configuration asks for, each with its cause and its cure.

Not here: what is looked at (``doctor``), and how it is printed (``doctor_shown``).
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from bridge.config import ConfigError, Document, load
from bridge.config.places import SOCKET
from bridge.control.ask import Gateway
from bridge.control.commands import DONE, FAILED, Commands, UsageError
from bridge.control.doctor_shown import show
from bridge.doctor import Host, read
from bridge.doctor.examination import Examination, examine
from bridge.doctor.live import live
from bridge.doctor.path_looking import PATIENCE
from bridge.doctor.report import Finding, Severity


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "doctor",
        help="look at this host and at the ways to the servers",
        description="Looks at interfaces, settings and limits of this host, and asks "
        "each server for the largest packet that arrives: ok, broken (larger ones are "
        "lost without a word), narrow (somebody says that they are too large) or "
        "unknown. Servers are connected to once and sent nothing; probes go to closed "
        "UDP ports or, for root, in SYNs to theirs. Exits with 1 where one fails.",
    )
    parser.set_defaults(run=_run, parser=parser)
    parser.add_argument(
        "file", metavar="FILE", nargs="?", help="the configuration; none with --live"
    )
    parser.add_argument(
        "--live",
        action="store_true",
        help="say what the running gateway has seen of its paths, too",
    )
    parser.add_argument(
        "--socket",
        metavar="PATH",
        help="with --live: its admin.socket, if FILE does not say it",
    )
    parser.add_argument(
        "--all", action="store_true", help="say what is well, too", dest="all_of_it"
    )
    parser.add_argument("--json", action="store_true", help="all of it, for programs")
    parser.add_argument(
        "--patience",
        metavar="SECONDS",
        type=_seconds,
        default=PATIENCE,
        help="how long all servers together may take (%(default)g)",
    )


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= 3600:
        raise ValueError(text)
    return value


def _read(file: Path, host: Host) -> tuple[Document, list[Finding]]:
    """
    The configuration, and what only stands in the way of who asks: ports and keys that
    are not an ordinary user's, who is helped all the same.  Raises ConfigError.
    """
    try:
        return read(file, os.environ, host), []
    except ConfigError as error:
        if not os.geteuid():
            raise
        document = load(
            file, os.environ
        )  # what is wrong with the text is for everybody
        cure = f"sudo bridgectl doctor {file}"
        return document, [
            Finding("start", Severity.UNKNOWN, f"by this user: {line}", cure)
            for line in str(error).splitlines()
            if line[:1].strip()  # the others show the text, and point at it
        ]


def _run(options: argparse.Namespace) -> int:
    if options.file is None and not options.live:
        raise UsageError("the following arguments are required: FILE")
    found, where = _examined(options)
    if options.live:
        asked = Gateway(options.socket or where).ask("path")
        found = found.with_more(live(asked))
    if options.json:
        print(json.dumps({"file": options.file, **found.plain}, indent=2))
    else:
        show(found, all_of_it=options.all_of_it)
    return DONE if found.is_well else FAILED


def _examined(options: argparse.Namespace) -> tuple[Examination, str]:
    """What is found without the gateway; and where that may be asked."""
    if options.file is None:
        return Examination((), (), ()), SOCKET
    host = Host.read(looks=True)
    document, hidden = _read(Path(options.file), host)
    found = examine(document, host, options.patience).with_more(hidden)
    return found, document.config.admin.socket or SOCKET
