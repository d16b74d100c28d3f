"""
What one gateway says when it is asked: of itself, its sessions and its servers.

Each answer is made in steps, between which sessions have their turns; and each carries
out what is ordered, if it is an order.  Arguments were checked before
(``control.orders``).  Not here: how things are told (``told``), and several processes'
answers made one (``control.merge``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from bridge import __version__
from bridge.config.plain import leaves
from bridge.control.configured import pools
from bridge.control.orders import SHOWN, Answer, AnswerError
from bridge.control.slices import Steps, at_once
from bridge.control.who import Behind, Pool
from bridge.net.address import canonical
from bridge.net.pseudonym import NoPseudonymError
from bridge.service.listed import SCANNED, Listed, Wanted, living, slices
from bridge.service.moved import moved
from bridge.service.moving import Rates
from bridge.service.recent import epoch
from bridge.service.told import of_farm, of_front, of_server, of_whole_session
from bridge.session.flow import Event, State
from bridge.watch.seen import Told as Seen

if TYPE_CHECKING:
    from bridge.farm.farm import Farm
    from bridge.farm.server import Server
    from bridge.service.gateway import Gateway
    from bridge.session.session import Session

ORDERS: Mapping[str, Callable[[Farm, str], None]] = {
    "drain": lambda farm, name: farm.drain(name),
    "ready": lambda farm, name: farm.ready(name),
    "disable": lambda farm, name: farm.disable(name),
}


class Answers:
    """Of *gateway*, which is the *worker* of that number."""

    _log = Logger()

    def __init__(self, gateway: Gateway, worker: int = 0) -> None:
        self._gateway = gateway
        self._worker = worker
        self._began = time.monotonic()
        self._rates = Rates()

    def answer(self, command: str, args: Mapping[str, Any]) -> Answer:
        """At once.  Raises AnswerError, as ``steps`` does when these are taken."""
        return at_once(self.steps(command, args))

    def steps(self, command: str, args: Mapping[str, Any]) -> Steps[Answer]:
        """In slices of less than a millisecond each, up to 10,000 sessions."""
        if command in ORDERS:
            return self._order(ORDERS[command], args["server"], args.get("farm"))
        return _ANSWERS[command](self, args)

    # Of all

    def _status(self, _: Mapping[str, Any]) -> Steps[Answer]:
        gateway = self._gateway
        fronts, farms = [], []
        for front in gateway.fronts:
            up, down = yield from moved(front)
            fronts.append(of_front(front, up, down))
        for each in slices(gateway.farms.items()):
            if each is None:
                yield
            else:
                name, farm = each
                farms.append(of_farm(farm, gateway.farms.mapped.get(name)))
        return {
            "version": __version__,
            "level": gateway.logs.level,
            "draining": gateway.draining,
            "sessions": gateway.house.room.taken,
            "most": gateway.house.room.most,
            "limit": gateway.config.limits.connections,
            "workers": [self._process()],
            "fronts": fronts,
            "farms": farms,
            "logs": [
                {"log": log.name, "dropped": log.dropped, "waiting": log.waiting}
                for log in gateway.logs.outlets
            ],
        }

    def last_words(self) -> list[Answer]:
        """What it has counted of its fronts, as ``status`` tells of it: it is over."""
        try:
            fronts = self._gateway.fronts
            return [of_front(each, *at_once(moved(each))) for each in fronts]
        except Exception:  # it ends all the same
            self._log.failure("A bug in the gateway, met by its last words")
            return []

    def _process(self) -> Answer:
        house = self._gateway.house
        return {
            "worker": self._worker,
            "pid": os.getpid(),
            "seconds": round(time.monotonic() - self._began, 3),
            "cpu": round(time.process_time(), 3),
            "sessions": house.room.taken,
            "descriptors": len(house.pump),
            "lingering": len(house.pump.lingering),
            "pipes": house.pipes.kept,
        }

    def _state(self, _: Mapping[str, Any]) -> Steps[Answer]:
        lines = []
        for line in slices(self._gateway.state()):
            if line is None:
                yield
            else:
                lines.append(line)
        return {"lines": lines, "worker": self._worker}

    def _path(self, _: Mapping[str, Any]) -> Steps[Answer]:
        """What is odd with the configuration is the operator's to add."""
        yield
        return self._gateway.paths.told()

    def _config(self, args: Mapping[str, Any]) -> Steps[Answer]:
        """As ``config.plain`` has it, without secrets, leaf by leaf."""
        found = []
        for leaf in slices(leaves(self._gateway.config, bytes.fromhex(args["salt"]))):
            if leaf is None:
                yield
            else:
                found.append(leaf)
        return {"version": __version__, "leaves": found}

    def _set_level(self, args: Mapping[str, Any]) -> Steps[Answer]:
        yield
        if not self._gateway.logs.ours:
            raise AnswerError(
                "the log is written as twistd was told (--logger, --syslog), and has "
                "no level: start the gateway without these"
            )
        before = self._gateway.logs.level
        self._gateway.set_level(args["level"])
        return {"level": args["level"], "before": before}

    # Of servers

    def _servers(self, args: Mapping[str, Any]) -> Steps[Answer]:
        found = []
        for each in slices(self._each_server(args.get("farm"))):
            if each is None:
                yield
                continue
            name, farm, server = each
            if args.get("server") in (None, server.name):
                found.append(of_server(name, farm, server, self._now()))
        if not found and args.get("server") is not None:
            raise AnswerError(_no_server(args["server"], args.get("farm")))
        return {"servers": found, "worker": self._worker}

    def _order(
        self, order: Callable[[Farm, str], None], server: str, farm: str | None
    ) -> Steps[Answer]:
        found: dict[Farm, str] = {}
        for each in slices(self._each_server(farm)):
            if each is None:
                yield
            elif each[2].name == server:
                found[each[1]] = each[0]
        if not found:
            raise AnswerError(_no_server(server, farm))
        names = sorted(set(found.values()))
        if len(names) > 1:
            what = f"farms {' and '.join(names)} have a server {server}"
            raise AnswerError(f"{what}: say which, --farm {names[0]}")
        told = []
        for each_farm, name in found.items():
            order(each_farm, server)
            told += [
                of_server(name, each_farm, each, self._now())
                for each in each_farm.servers
                if each.name == server
            ]
        return {"servers": told, "worker": self._worker}

    def _each_server(self, only: str | None) -> Iterator[tuple[str, Farm, Server]]:
        """With their farms; a map's servers are a farm each, and bear its name."""
        farms = self._gateway.farms
        if only is not None and only not in farms:
            raise AnswerError(f"there is no farm {only}: {', '.join(farms)}")
        for name, farm in tuple(farms.items()):
            if only not in (None, name):
                continue
            mapped = farms.mapped.get(name)
            for each in (farm,) if mapped is None else tuple(mapped):
                for server in tuple(each.servers):
                    yield name, each, server

    # Of sessions

    def _sessions(self, args: Mapping[str, Any]) -> Steps[Answer]:
        listed = Listed(Wanted.of(args), self._now, self._rates)
        sessions = yield from listed.take(living(self._gateway.fronts))
        answer = {
            "total": listed.total,
            "matching": listed.matching,
            "sessions": [each | {"worker": self._worker} for each in sessions],
        }
        return answer | {"sums": listed.sums()} if args.get("sums") else answer

    def _session(self, args: Mapping[str, Any]) -> Steps[Answer]:
        session = yield from self._find(args["session"])
        told = of_whole_session(session, self._now())
        return {"session": told | {"worker": self._worker}}

    def _endings(self, args: Mapping[str, Any]) -> Steps[Answer]:
        yield
        most = args.get("limit", SHOWN)
        told = self._gateway.logs.recent.told(most, epoch(self._now()))
        return {"endings": [each | {"worker": self._worker} for each in told]}

    def _kill(self, args: Mapping[str, Any]) -> Steps[Answer]:
        session = yield from self._find(args["session"])
        session.handle(Event.KILLED)
        return {"killed": args["session"], "worker": self._worker}

    def _find(self, name: str) -> Steps[Session]:
        if name.startswith(self._gateway.house.prefix):  # else it is another's
            for session in slices(living(self._gateway.fronts), SCANNED):
                if session is None:
                    yield
                elif session.name == name and session.state is not State.CLOSED:
                    return session
        raise AnswerError(f"there is no session {name}: bridgectl sessions lists them")

    def _who(self, args: Mapping[str, Any]) -> Steps[Answer]:
        address = _canonical(args["address"])
        asked = pools(self._gateway.config, self._gateway.farms.is_own)
        if not asked:
            raise AnswerError(
                "no farm has a pool of sources (source: {pool: 100.64.0.0/10}): "
                "servers see the gateway, or clients as they are"
            )
        behind = [Behind(pool, address) for pool in asked if address in pool.names]
        each_session = living(self._gateway.fronts) if behind else ()
        for session in slices(each_session):
            if session is None:
                yield
            elif (seen := _seen(session)) is not None:
                for each in behind:
                    each.add(seen)
        told = [_stands_for(each) for each in behind]
        return {
            "address": address,
            "pools": told or [_seen_as(pool, address) for pool in asked],
        }

    def _now(self) -> float:
        return self._gateway.clock.seconds()


_ANSWERS: Mapping[str, Callable[[Answers, Mapping[str, Any]], Steps[Answer]]] = {
    "status": Answers._status,
    "state": Answers._state,
    "config": Answers._config,
    "servers": Answers._servers,
    "sessions": Answers._sessions,
    "session": Answers._session,
    "endings": Answers._endings,
    "kill": Answers._kill,
    "path": Answers._path,
    "who": Answers._who,
    "log-level": Answers._set_level,
}


def _no_server(server: str, farm: str | None) -> str:
    where = f"farm {farm} has no server" if farm is not None else "no farm has a server"
    return f"{where} {server}: bridgectl servers lists them"


def _canonical(text: str) -> str:
    if text == "unix":
        return text
    try:
        return canonical(text)
    except ValueError:
        right = "write 2001:db8::1 or 100.64.3.7, without a port"
        raise AnswerError(f"{text!r} is no IP address: {right}") from None


def _seen(session: Session) -> Seen | None:
    """As an access log would tell of it; None: no server sees it yet."""
    place = session.place
    if place is None or not place.source or session.state is State.CLOSED:
        return None
    return Seen(session.client[0], place.farm.name, place.source)


def _stands_for(behind: Behind) -> Answer:
    """Whom a pseudonym stands for now."""
    seen = [
        {
            "prefix": each.prefix,
            "clients": each.clients,
            "sessions": each.sessions,
            "more": each.more,
        }
        for each in behind.seen
    ]
    return {"pool": str(behind.pool), "stands_for": seen}


def _seen_as(pool: Pool, client: str) -> Answer:
    """Which one a client has."""
    if not pool.names_client(client):
        return {"pool": str(pool), "seen_as": None, "prefix": None}
    try:
        seen_as = pool.names.pseudonym(client)
    except NoPseudonymError as error:
        raise AnswerError(str(error)) from None
    return {
        "pool": str(pool),
        "seen_as": seen_as,
        "prefix": pool.names.prefix_of(client),
    }
