"""
``bridgectl log-level``, ``reload`` and ``upgrade``: orders to the gateway as a whole.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from bridge.control.ask import add_common, gateway, show
from bridge.control.commands import Commands
from bridge.control.orders import Answer
from bridge.control.tables import clean
from bridge.watch.levels import LEVELS

_WHOLE = {
    "reload": (
        "read the configuration again, all or nothing",
        "Has the gateway read its configuration again, as the signal HUP does: all of "
        "it, or nothing if anything is wrong with it, which is said.",
    ),
    "upgrade": (
        "go on with the newly installed code",
        "Has the gateway go on with the code that is installed now; sessions that run "
        "finish with the old one.",
    ),
}


def add(commands: Commands) -> None:
    level = commands.add_parser(
        "log-level",
        help="have the log tell more or less, until the next start",
        description="Has the gateway's own log tell what is of LEVEL and above, until "
        "it is started or reloaded.",
    )
    level.set_defaults(run=_log_level, parser=level)
    level.add_argument("level", metavar="LEVEL", choices=LEVELS)
    add_common(level)
    for name, (short, long) in _WHOLE.items():
        whole = commands.add_parser(name, help=short, description=long)
        whole.set_defaults(run=_whole_gateway, parser=whole)
        add_common(whole)


def _log_level(options: argparse.Namespace) -> int:
    answer = gateway(options).ask("log-level", level=options.level)
    return show(
        options,
        answer,
        lambda told: [f"log level {told['level']}, was {told['before']}"],
    )


def _whole_gateway(options: argparse.Namespace) -> int:
    answer = gateway(options).ask(options.command)
    return show(options, answer, whole_lines)


def whole_lines(answer: Answer) -> Iterator[str]:
    """What was done, and each thing that has changed."""
    for line in answer.get("lines", ()):
        yield clean(line)
