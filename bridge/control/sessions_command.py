"""
``bridgectl sessions``, ``session`` and ``kill``: who is connected through the gateway,
what both kernels know of one of them, and its end by order.
"""

from __future__ import annotations

import argparse
import json
import sys
import time as clock
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from bridge.control.ask import Gateway, add_common, gateway, show
from bridge.control.commands import DONE, Commands, UsageError
from bridge.control.orders import MOST_SESSIONS, SORTS, Answer
from bridge.control.tables import clean, size, table, time

EVERY = 1.0
"""Seconds between two looks of ``--follow``."""

_CLEAR = "\033[H\033[2J\033[3J"


def add(commands: Commands) -> None:
    _add_sessions(commands)
    session = commands.add_parser(
        "session",
        help="say all that is known of one session",
        description="All that is known of one session, with what the kernel knows of "
        "both its connections (TCP_INFO) at this moment.",
    )
    session.set_defaults(run=_session, parser=session)
    session.add_argument("session", metavar="SESSION", help="as sessions has it")
    add_common(session)
    kill = commands.add_parser(
        "kill",
        help="reset one session",
        description="Resets both connections of a session, which ends as killed.",
    )
    kill.set_defaults(run=_kill, parser=kill)
    kill.add_argument("session", metavar="SESSION", help="as sessions has it")
    add_common(kill)


def _add_sessions(commands: Commands) -> None:
    sessions = commands.add_parser(
        "sessions",
        help="list the sessions that run",
        description="The sessions that run, the oldest first. Bytes are those received "
        "from either side until now; HELD of these are in the gateway's hands.",
    )
    sessions.set_defaults(run=_sessions, parser=sessions)
    add_common(sessions)
    for name in ("front", "farm", "server"):
        sessions.add_argument(
            f"--{name}", metavar=name.upper(), help=f"only this {name}'s"
        )
    sessions.add_argument(
        "--client", metavar="NETWORK", help="only of these addresses; unix: of none"
    )
    sessions.add_argument(
        "--state", metavar="STATE", help="only in this one, such as open or dialing"
    )
    sessions.add_argument("--sort", choices=SORTS, help="which come first")
    sessions.add_argument(
        "--reverse", action="store_true", help="the youngest, or the least, first"
    )
    sessions.add_argument(
        "--limit",
        metavar="COUNT",
        type=int,
        help=f"how many at most, up to {MOST_SESSIONS}; without it 100",
    )
    sessions.add_argument(
        "--follow", action="store_true", help="look again every second, until Ctrl-C"
    )


def _sessions(options: argparse.Namespace) -> int:
    if options.limit is not None and not 1 <= options.limit <= MOST_SESSIONS:
        raise UsageError(f"--limit is from 1 to {MOST_SESSIONS}")
    asked = gateway(options)
    answer = _listed(asked, options)
    if not options.follow:
        return show(options, answer, sessions_lines)
    try:
        _follow(asked, options, answer)
    except KeyboardInterrupt:  # which is how it is to end
        return DONE


def _follow(asked: Gateway, options: argparse.Namespace, answer: Answer) -> NoReturn:
    """Show *answer*, and what the gateway says to the same from then on."""
    while True:
        if options.json:
            print(json.dumps(answer), flush=True)
        else:
            print(_CLEAR if sys.stdout.isatty() else "", end="")
            print("\n".join(sessions_lines(answer)), flush=True)
        clock.sleep(EVERY)
        answer = _listed(asked, options)


def _listed(asked: Gateway, options: argparse.Namespace) -> Answer:
    return asked.ask(
        "sessions",
        front=options.front,
        farm=options.farm,
        server=options.server,
        client=options.client,
        state=options.state,
        sort=options.sort,
        reverse=options.reverse or None,
        limit=options.limit,
    )


def sessions_lines(answer: Answer) -> Iterator[str]:
    """For people."""
    yield from table(
        "SESSION CLIENT FRONT FARM SERVER STATE AGE> UP> DOWN> HELD>",
        (
            [
                each["session"],
                client_of(each),
                each["front"],
                each["farm"],
                each["server"],
                each["state"],
                time(each["seconds"]["total"]),
                size(each["bytes"]["up"]),
                size(each["bytes"]["down"]),
                size(each["bytes"]["held"]),
            ]
            for each in answer["sessions"]
        ),
    )
    shown, matching, total = (
        len(answer["sessions"]),
        answer["matching"],
        answer["total"],
    )
    if shown < matching:
        yield f"{shown} of {matching} shown: --limit shows more; {total} in all"
    elif matching < total:
        yield f"{matching} of {total} sessions"


def client_of(told: Mapping[str, Any]) -> str:
    """Its address and port."""
    host, port = told["client"], told["client_port"]
    if not port:
        return str(host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _session(options: argparse.Namespace) -> int:
    answer = gateway(options).ask("session", session=options.session)
    return show(options, answer, lambda answer: session_lines(answer["session"]))


def session_lines(told: Answer) -> Iterator[str]:
    """For people: where bytes wait is what one wants to see."""
    seconds, moved = told["seconds"], told["bytes"]
    yield f"session {clean(told['session'])} of worker {told['worker']}"
    yield f"  state   {told['state']} for {time(seconds['total'])} since the accept"
    yield f"  way     {_way(told)}"
    yield (
        f"  bytes   {size(moved['up'])} up, {size(moved['down'])} down, "
        f"{size(moved['held'])} held"
    )
    yield f"  before  {_before(told)}"
    yield f"  limited {_limited(told)}"
    if told["tls"] is not None:
        yield f"  tls     {_words(told['tls'])}"
    yield ""
    front, back = (told["sides"][side] or {} for side in ("front", "back"))
    names = [name for name in front | back if name in front or name in back]
    yield from table(
        "SIDE FRONT> BACK>",
        ([name, front.get(name), back.get(name)] for name in names),
    )


def _way(told: Answer) -> str:
    sender = f" (through {clean(told['via'])})" if told["via"] else ""
    to = f" -> {clean(told['listen'])}" if told["listen"] else ""
    text = f"{clean(client_of(told))}{sender}{to}, front {clean(told['front'])}"
    if told["server"] is not None:
        text += f", farm {clean(told['farm'])}, server {clean(told['server'])}"
        if told["back"] != told["server"]:
            text += f" at {clean(told['back'])}"
    return text


def _before(told: Answer) -> str:
    seconds = told["seconds"]
    if seconds["queue"] is None:
        return "no server was dialed yet"
    text = f"{seconds['queue'] * 1000:.1f} ms until the dial"
    if seconds["dial"] is not None:
        text += f", {seconds['dial'] * 1000:.1f} ms until the server was there"
    if told["retries"]:
        text += f", {told['retries']} retries"
    return text


def _limited(told: Answer) -> str:
    """What by, and where the time went, the most first."""
    cause = clean(told.get("limited_by", "none"))  # older code does not tell it
    parts = (told.get("spent") or {}).items()
    spent = sorted((part for part in parts if part[1] > 0), key=lambda part: -part[1])
    words = [f"{name.replace('_', ' ')} {time(seconds)}" for name, seconds in spent]
    return f"by {cause}: {', '.join(words)}" if words else f"by {cause}"


def _words(values: Answer) -> str:
    return ", ".join(f"{key} {clean(value)}" for key, value in values.items() if value)


def _kill(options: argparse.Namespace) -> int:
    answer = gateway(options).ask("kill", session=options.session)
    return show(options, answer, lambda answer: [f"{clean(answer['killed'])}: killed"])
