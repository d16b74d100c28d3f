"""
Many processes' answers become one, as if one process had said it.

Pure.  Counts are added up, lists are joined, and a server that has not the same state
everywhere is told with all of them.  Not here: who is asked (``bridge.processes``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bridge.control.orders import SHOWN, Answer, AnswerError
from bridge.control.who import MOST_CLIENTS

Part = Answer | AnswerError
"""What one process says, or why it does not."""

Told = dict[str, Any]


def merge(command: str, args: Mapping[str, Any], parts: Sequence[Part]) -> Answer:
    """
    What all say to *command*, the newest generation's answers first.

    Raises AnswerError: none of them can do it, or a list of them is empty.
    """
    given = [part for part in parts if not isinstance(part, AnswerError)]
    if not given:
        refused = [part for part in parts if isinstance(part, AnswerError)]
        raise refused[0] if refused else AnswerError("no worker runs: see the log")
    return _MERGES[command](given, args)


def _first(given: Sequence[Answer], _: Mapping[str, Any]) -> Answer:
    """Only one knows, or all know the same."""
    return given[0]


def _status(given: Sequence[Answer], _: Mapping[str, Any]) -> Answer:
    """
    Older generations only add what they still have: where the gateway listens, and how
    its servers are, the newest says.
    """
    newest = max(map(_generation, given))
    new = [each for each in given if _generation(each) == newest]
    every = [*new, *(each for each in given if _generation(each) != newest)]
    most, limit = sum(each["most"] for each in new), new[0]["limit"]
    return new[0] | {
        "draining": all(each["draining"] for each in new),
        "sessions": sum(each["sessions"] for each in every),
        "most": most if limit is None else min(most, limit),
        "workers": sorted(
            (worker for each in every for worker in each["workers"]),
            key=lambda told: (-told.get("generation", 0), told["worker"], told["pid"]),
        ),
        "fronts": _by(("front",), _marked(every, "fronts", newest), _front),
        "farms": _by(("farm",), _marked(every, "farms", newest), _farm),
        "logs": _by(("log",), _each(every, "logs"), _log),
    }


def _generation(status: Answer) -> int:
    """Whose *status* it is; 0 where there is but one."""
    return max((worker.get("generation", 0) for worker in status["workers"]), default=0)


_NEW = "new"


def _marked(given: Iterable[Answer], what: str, newest: int) -> Iterable[Told]:
    """Each thing, and whether it is one of the newest generation's."""
    for each in given:
        for thing in each[what]:
            yield thing | {_NEW: _generation(each) == newest}


def _newest(group: list[Told]) -> list[Told]:
    """Those of the newest generation; of a thing that it has no more, all."""
    return [each for each in group if each[_NEW]] or group


def _each(given: Iterable[Answer], what: str) -> Iterable[Told]:
    return (thing for each in given for thing in each[what])


def _by(
    keys: Sequence[str], things: Iterable[Told], one: Callable[[list[Told]], Told]
) -> list[Told]:
    """Those with the same *keys* become *one*, in the order they came."""
    groups: dict[tuple[Any, ...], list[Told]] = {}
    for thing in things:
        groups.setdefault(tuple(thing[key] for key in keys), []).append(thing)
    return [one(group) for group in groups.values()]


def _sum(things: Iterable[Told], key: str) -> Any:
    return sum(thing[key] for thing in things)


def _counted(things: Iterable[Told], key: str) -> int:
    """A process that runs on with older code does not tell it."""
    return sum(thing.get(key, 0) for thing in things)


def _tally(things: Iterable[Told], key: str) -> dict[str, int]:
    total: Counter[str] = Counter()
    for thing in things:
        total.update(thing[key])
    return dict(total)


def _front(group: list[Told]) -> Told:
    new = _newest(group)
    listen = dict.fromkeys(where for each in new for where in each["listen"])
    merged = new[0] | {
        "listen": list(listen),
        **{key: _sum(group, key) for key in ("sessions", "accepted")},
        **{key: _tally(group, key) for key in ("endings", "refused", "requests")},
        "bytes": _tally(group, "bytes"),
    }
    del merged[_NEW]
    return merged


def _farm(group: list[Told]) -> Told:
    """Servers that some see up and others do not are as up as the fewest say."""
    new = _newest(group)
    merged = new[0] | {
        "up": min(each["up"] for each in new),
        "servers": max(each["servers"] for each in new),
        "sessions": _sum(group, "sessions"),
        "arrived": None if new[0]["map"] else _counted(group, "arrived"),
        "queue": {
            "waiting": sum(each["queue"]["waiting"] for each in group),
            "length": sum(each["queue"]["length"] for each in new),
        },
        "panic": any(each["panic"] for each in new),
    }
    del merged[_NEW]
    return merged


def _log(group: list[Told]) -> Told:
    return group[0] | {key: _sum(group, key) for key in ("dropped", "waiting")}


def _servers(given: Sequence[Answer], _: Mapping[str, Any]) -> Answer:
    told = (
        server | {"worker": each["worker"]}
        for each in given
        for server in each["servers"]
    )
    return {"servers": _by(("farm", "server", "address"), told, _server)}


def _server(group: list[Told]) -> Told:
    """
    In the state that most have; where not all do, with each one's.  Of a worker of one
    number in two generations the first counts, which is the newer.
    """
    states = {told["worker"]: told["state"] for told in reversed(group)}
    ((state, count), *_) = Counter(states.values()).most_common()
    shown = next(told for told in group if told["state"] == state)
    merged = shown | {
        "sessions": _sum(group, "sessions"),
        "taken": _counted(group, "taken"),
        "failing": any(told["failing"] for told in group),
    }
    del merged["worker"]
    if count < len(states):
        merged["workers"] = [[worker, states[worker]] for worker in sorted(states)]
    return merged


_RANKS: Mapping[str, Callable[[Told], float]] = {
    "age": lambda told: told["seconds"]["total"],
    "bytes": lambda told: told["bytes"]["up"] + told["bytes"]["down"],
    "up": lambda told: told["bytes"]["up"],
    "down": lambda told: told["bytes"]["down"],
    "rate": lambda told: told["rate"]["up"] + told["rate"]["down"],
}


def _sessions(given: Sequence[Answer], args: Mapping[str, Any]) -> Answer:
    """Each has given its own first ones; of these the first are those of all."""
    found = list(_each(given, "sessions"))
    found.sort(key=_RANKS[args.get("sort", "age")], reverse=not args.get("reverse"))
    answer = {
        "total": _sum(given, "total"),
        "matching": _sum(given, "matching"),
        "sessions": found[: args.get("limit", SHOWN)],
    }
    if args.get("sums"):
        answer["sums"] = _by(("farm", "server"), _each(given, "sums"), _moves)
    return answer


def _moves(group: list[Told]) -> Told:
    """What one server's sessions move, by several processes."""
    return group[0] | {
        "sessions": _sum(group, "sessions"),
        "rate": _tally(group, "rate"),
    }


def _endings(given: Sequence[Answer], args: Mapping[str, Any]) -> Answer:
    """The last ones of all."""
    found = sorted(_each(given, "endings"), key=lambda told: told["time"], reverse=True)
    return {"endings": found[: args.get("limit", SHOWN)]}


def _who(given: Sequence[Answer], _: Mapping[str, Any]) -> Answer:
    return given[0] | {"pools": _by(("pool",), _each(given, "pools"), _pool)}


def _pool(group: list[Told]) -> Told:
    if "stands_for" not in group[0]:
        return group[0]
    return group[0] | {
        "stands_for": _by(("prefix",), _each(group, "stands_for"), _prefix)
    }


def _prefix(group: list[Told]) -> Told:
    clients = dict.fromkeys(client for each in group for client in each["clients"])
    more = any(each["more"] for each in group) or len(clients) > MOST_CLIENTS
    return group[0] | {
        "clients": list(clients)[:MOST_CLIENTS],
        "sessions": _sum(group, "sessions"),
        "more": more,
    }


def _path(given: Sequence[Answer], _: Mapping[str, Any]) -> Answer:
    """A network that several suspect is told once, as whoever met it last has it."""
    fronts = _by_name(given, "fronts", _clients_and_networks)
    return {"fronts": fronts, "farms": _by_name(given, "farms", _networks)}


def _by_name(
    given: Iterable[Answer], what: str, one: Callable[[list[Told]], Told]
) -> Told:
    groups: dict[str, list[Told]] = {}
    for each in given:
        for name, told in each[what].items():
            groups.setdefault(name, []).append(told)
    return {name: one(group) for name, group in groups.items()}


def _clients_and_networks(group: list[Told]) -> Told:
    return _networks(group) | {
        "sampled": _sum(group, "sampled"),
        **{key: _kinds(group, key) for key in ("mss", "pmtu")},
    }


def _kinds(group: list[Told], key: str) -> list[Told]:
    rows = _by(
        ("family", "kind"),
        _each(group, key),
        lambda same: same[0] | {"clients": _sum(same, "clients")},
    )
    return sorted(rows, key=lambda row: -row["clients"])


def _networks(group: list[Told]) -> Told:
    found = sorted(_each(group, "networks"), key=lambda told: told["seconds"])
    return {
        "asked": group[0]["asked"],
        "suspected": _sum(group, "suspected"),
        "networks": _by(
            ("network",),
            found,
            lambda same: same[0] | {"sessions": _sum(same, "sessions")},
        ),
    }


def _state(given: Sequence[Answer], _: Mapping[str, Any]) -> Answer:
    """Each one's lines, with its number before them where there are several."""
    if len(given) == 1:
        return given[0]
    lines = (
        f"worker {each['worker']}: {line}" for each in given for line in each["lines"]
    )
    return {"lines": list(lines)}


_MERGES: Mapping[str, Callable[[Sequence[Answer], Mapping[str, Any]], Answer]] = {
    "status": _status,
    "sessions": _sessions,
    "session": _first,
    "endings": _endings,
    "kill": _first,
    "servers": _servers,
    "drain": _servers,
    "ready": _servers,
    "disable": _servers,
    "path": _path,
    "who": _who,
    "log-level": _first,
    "config": _first,
    "state": _state,
}
