"""
``bridgectl servers``, ``drain``, ``ready`` and ``disable``: where sessions may go, by
the checks' word and by the operator's.
"""

from __future__ import annotations

import argparse
import time as clock
from collections.abc import Iterator, Mapping
from typing import Any

from bridge.control.ask import Gateway, add_common, gateway, show
from bridge.control.commands import CommandError, Commands, UsageError
from bridge.control.orders import Answer
from bridge.control.tables import clean, counted, table, time

LOOKS = 0.2
"""Seconds between two looks of ``--wait``."""

_ORDERED = ("draining", "disabled")
"""States that a server is in by order: it gets no new sessions."""

_ORDERS = {
    "drain": "let a server finish its sessions and give it no new ones",
    "disable": "that, and check it no more",
    "ready": "take either back: it gets sessions if its checks say so",
}


def add(commands: Commands) -> None:
    servers = commands.add_parser(
        "servers",
        help="list the servers, their states and sessions",
        description="The servers of all farms, or of one: since when they are in their "
        "state and why, and how many sessions they have.",
    )
    servers.set_defaults(run=_servers, parser=servers)
    servers.add_argument("--farm", metavar="FARM", help="only this farm's")
    add_common(servers)
    for name, what in _ORDERS.items():
        order = commands.add_parser(
            name,
            help=what,
            description=f"{what[0].upper()}{what[1:]}. It stands until it is taken "
            "back, whatever checks say."
            if name != "ready"
            else "Takes a drain or "
            "disable back: the server gets sessions, if its checks say so.",
        )
        order.set_defaults(run=_order, parser=order)
        order.add_argument(
            "server", metavar="SERVER", help="its name, as servers has it"
        )
        order.add_argument(
            "--farm", metavar="FARM", help="whose; needed where several have such a one"
        )
        if name != "ready":
            order.add_argument(
                "--wait", action="store_true", help="until it has no session any more"
            )
            order.add_argument(
                "--timeout",
                metavar="SECONDS",
                type=float,
                help="wait so long at most, and fail then; the order stands",
            )
        add_common(order)


def _servers(options: argparse.Namespace) -> int:
    answer = gateway(options).ask("servers", farm=options.farm)
    return show(options, answer, servers_lines)


def servers_lines(answer: Answer) -> Iterator[str]:
    """For people."""
    yield from table(
        "FARM SERVER STATE FOR> SESSIONS> WEIGHT> WHY",
        (
            [
                each["farm"],
                each["server"],
                each["state"],
                time(each["seconds"]),
                _sessions(each),
                f"{each['weight']}{' backup' if each['backup'] else ''}",
                why_of(each),
            ]
            for each in answer["servers"]
        ),
    )


def _sessions(told: Answer) -> str:
    most = told["connections"]
    return f"{told['sessions']}" if most is None else f"{told['sessions']}/{most}"


def why_of(told: Mapping[str, Any]) -> str:
    """Why it is in its state, and what its checks say."""
    words = [told["why"]]
    if told.get("workers"):
        words.append(
            ", ".join(f"{state} in worker {w}" for w, state in told["workers"])
        )
    if told["state"] == "ejected" and told["due"] is not None:
        words.append(f"back in {time(told['due'])}")
    if told["failing"]:
        words.append("its last dial failed")
    if told["check"]:
        words.append(f"check: {told['check']}")
    return "; ".join(word for word in words if word)


def _order(options: argparse.Namespace) -> int:
    waits = getattr(options, "wait", False)
    limit = getattr(options, "timeout", None)
    if limit is not None and not waits:
        raise UsageError("--timeout is for --wait")
    asked = gateway(options)
    answer = asked.ask(options.command, server=options.server, farm=options.farm)
    if waits:
        if not options.json:
            print("\n".join(ordered_lines(answer)), flush=True)
        answer = _wait(asked, options, answer, limit)
    return show(options, answer, ordered_lines)


def ordered_lines(answer: Answer) -> Iterator[str]:
    """What has become of each server."""
    for each in answer["servers"]:
        sessions = counted(each["sessions"], "session")
        yield (
            f"farm {clean(each['farm'])}: server {clean(each['server'])} is "
            f"{each['state']}, {sessions}"
        )


def _wait(
    asked: Gateway, options: argparse.Namespace, answer: Answer, limit: float | None
) -> Answer:
    """Until none of the servers has a session.  Raises CommandError."""
    farm, name = answer["servers"][0]["farm"], options.server
    until = None if limit is None else clock.monotonic() + limit
    while left := sum(each["sessions"] for each in answer["servers"]):
        back = [each for each in answer["servers"] if each["state"] not in _ORDERED]
        if back:
            what = f"{name} is {back[0]['state']} again, and has"
            raise CommandError(
                f"{what} {counted(left, 'session')}: somebody else's order"
            )
        if until is not None and clock.monotonic() >= until:
            raise CommandError(
                f"{name} has {counted(left, 'session')} after {limit:g} s: wait on, or "
                f"see bridgectl sessions --server {name}"
            )
        clock.sleep(LOOKS)
        answer = asked.ask("servers", farm=farm, server=name)
    return answer
