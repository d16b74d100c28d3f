"""
``bridgectl path``: over what kinds of paths clients come, and where segments of full
size seem to vanish.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from bridge.control.ask import add_common, gateway, show
from bridge.control.commands import Commands
from bridge.control.orders import Answer
from bridge.control.tables import clean, counted, table, time


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "path",
        help="say over what kinds of paths clients come, and which seem broken",
        description="What the running gateway knows of the paths on both sides: what "
        "clients advertise (an MSS, named by what mostly leaves it), where the kernel "
        "has learnt of a smaller MTU, where segments of full size seem to vanish, and "
        "what is odd with the configuration on this host as it is now.",
    )
    parser.set_defaults(run=_path, parser=parser)
    add_common(parser)


def _path(options: argparse.Namespace) -> int:
    return show(options, gateway(options).ask("path"), path_lines)


def path_lines(answer: Answer) -> Iterator[str]:
    """For people."""
    yield from table("FRONT FAMILY KIND CLIENTS> SHARE>", _kinds(answer["fronts"]))
    for name, front in answer["fronts"].items():
        yield f"{clean(name)}: {counted(front['sampled'], 'client')} looked at"
        for row in front["pmtu"]:
            yield (
                f"{clean(name)}: {counted(row['clients'], 'client')} whose path is "
                f"known to be narrower, IPv{row['family']}: {_named(row)}"
            )
    yield from path_warnings(answer)


def path_warnings(answer: Answer) -> Iterator[str]:
    """What of it is not as it should be."""
    for kind, what in (("fronts", "front"), ("farms", "farm")):
        for name, side in answer[kind].items():
            yield from suspicions(f"{what} {name}", side)
    for warning in answer["warnings"]:
        yield f"warning: {clean(warning)}"


def suspicions(where: str, side: Answer) -> Iterator[str]:
    """Of one front or farm, a line a network."""
    for each in side["networks"]:
        yield (
            f"{clean(where)}: segments of full size seem to vanish on the way to "
            f"{clean(each['network'])}: {counted(each['sessions'], 'session')}, the "
            f"last {time(each['seconds'])} ago with {clean(each['host'])}, "
            f"{each['mss']} bytes"
        )


def _kinds(fronts: Answer) -> Iterator[list[object]]:
    for name, front in fronts.items():
        for row in front["mss"]:
            share = row["clients"] / max(1, front["sampled"])
            yield [
                name,
                f"IPv{row['family']}",
                _named(row),
                row["clients"],
                f"{share:.0%}",
            ]


def _named(row: Answer) -> str:
    return clean(row["kind"]) + (f" ({row['mtu']})" if row["mtu"] else "")
