"""
``bridgectl top``, its command line: on a terminal or once, and whether what draws is
there.

Not here: what is drawn (``top_live``), and the text (``top_plain``).
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib.util import find_spec
from time import sleep

from bridge.control.ask import Gateway, add_common, gateway
from bridge.control.commands import DONE, WRONG_LINE, Commands, UsageError
from bridge.control.top_looks import LISTED, Seen, Wanted, look, seen
from bridge.control.top_plain import plain_lines

LEAST, MOST = 0.1, 3600.0
"""Seconds between two looks."""

_MISSING = (
    "bridgectl: top draws with rich, which is not installed: "
    "pip install 'bridge-gateway[top]', or see it once: bridgectl top --once"
)


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "top",
        help="watch fronts, farms, servers and sessions, live",
        description="Fronts, farms, servers and sessions of the running gateway, with "
        "what they move, round-trip times, segment sizes and retransmissions of both "
        "sides, on the whole terminal until q is pressed; ? tells the keys. Where "
        "standard output is no terminal, once and as plain text.",
    )
    parser.set_defaults(run=run, parser=parser)
    add_common(parser)
    parser.add_argument(
        "--interval",
        metavar="SECONDS",
        type=float,
        default=1.0,
        help="between two looks; without it 1. Rates are of as long",
    )
    parser.add_argument(
        "--once", action="store_true", help="look for one interval, and print that"
    )


def run(options: argparse.Namespace) -> int:
    if not LEAST <= options.interval <= MOST:
        raise UsageError(f"--interval is from {LEAST:g} to {MOST:g}")
    if options.json or options.once or not _on_a_terminal():
        return _once(options)
    if find_spec("rich") is None:
        print(_MISSING, file=sys.stderr)
        return WRONG_LINE
    from bridge.control.top_live import Live
    from bridge.control.top_terminal import Terminal

    terminal = Terminal()
    if not terminal.capable:
        return _once(options)
    return Live(options.socket, options.interval, terminal).run()


def _on_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _once(options: argparse.Namespace) -> int:
    told = _twice(gateway(options), options.interval)
    if options.json:
        print(json.dumps(told.as_answer()))
    else:
        print("\n".join(plain_lines(told)))
    return DONE


def _twice(asked: Gateway, interval: float) -> Seen:
    """What there is, after so many seconds in which it moved."""
    wanted = Wanted(servers=True, sessions=True, sums=True, path=True, limit=LISTED)
    before = look(asked.ask, wanted)
    sleep(interval)
    return seen(look(asked.ask, wanted), before)
