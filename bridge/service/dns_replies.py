"""
What DNS says, as plain values that go from one process to another.

Here: the ways there and back, and how much of a reply goes at all.  Not here: what a
reply means (``farm.dns_values``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridge.farm.dns_values import (
    LONGEST,
    MOST,
    SHORTEST,
    Addresses,
    Answer,
    Known,
    Reply,
    Service,
    learn,
)

ADDRESSES = 2 * MOST
"""
That one reply has at most: MOST servers have no more of them.  The rest would be left
out by whoever learns of them.
"""


def lifetime(reply: Reply) -> float:
    """
    Seconds until it has to be asked for again.

    For one that lacks something no longer than until the first who asks again does.
    """
    known = learn(Known(), reply)
    if known.why:
        return SHORTEST
    return min(LONGEST, max(SHORTEST, known.ttl))


def aged(reply: Reply, seconds: float) -> Reply:
    """*reply*, which is so many *seconds* old."""
    return Reply(
        _aged(reply.services, seconds),
        {
            host: Addresses(_aged(found.six, seconds), _aged(found.four, seconds))
            for host, found in reply.hosts.items()
        },
    )


def _aged(answer: Answer[Any], seconds: float) -> Answer[Any]:
    return replace(answer, ttl=max(0.0, answer.ttl - seconds))


def bounded(reply: Reply) -> Reply:
    """*reply* with so many ADDRESSES at most, of the hosts that come first."""
    left, hosts = ADDRESSES, dict[str, Addresses]()
    for host, found in reply.hosts.items():
        if not left:
            break
        sixes = max(left // 2, left - len(found.four.records))
        six = _first(found.six, sixes)
        four = _first(found.four, left - len(six.records))
        left -= len(six.records) + len(four.records)
        hosts[host] = Addresses(six, four)
    return replace(reply, hosts=hosts)


def _first(answer: Answer[str], most: int) -> Answer[str]:
    """By name, so that they are the same each time."""
    if len(answer.records) <= most:
        return answer
    return replace(answer, records=tuple(sorted(answer.records)[:most]))


def nothing(why: str) -> Reply:
    """That nobody has answered."""
    return Reply(Answer(why=why, said=False), {})


def as_plain(reply: Reply) -> dict[str, Any]:
    """*reply* as JSON has it."""
    services = [[s.host, s.port, s.weight, s.priority] for s in reply.services.records]
    return {
        "services": _plain(reply.services, services),
        "hosts": {
            host: [
                _plain(found.six, list(found.six.records)),
                _plain(found.four, list(found.four.records)),
            ]
            for host, found in reply.hosts.items()
        },
    }


def _plain(answer: Answer[Any], records: list[Any]) -> list[Any]:
    return [records, answer.ttl, answer.why, answer.said, answer.whole]


def of_plain(told: Mapping[str, Any]) -> Reply:
    """What ``as_plain`` made."""
    services = _answer(told["services"])
    records = tuple(Service(*each) for each in services.records)
    return Reply(
        replace(services, records=records),
        {
            host: Addresses(_answer(six), _answer(four))
            for host, (six, four) in told["hosts"].items()
        },
    )


def _answer(told: list[Any]) -> Answer[Any]:
    records, ttl, why, said, whole = told
    return Answer(tuple(records), ttl, why, said, whole)
