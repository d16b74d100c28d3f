"""
``python -m tests.e2e.told_of``: the page of a gateway that is only told of, as large
and as hostile as no test could make a real one.  It prints where it is.
"""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor  # noqa: TID251  # a process of its own
from twisted.internet.task import LoopingCall

from bridge.watch.limited import VERDICTS
from bridge.web.page import Page
from bridge.web.plain import Plain
from bridge.web.site import Watched
from tests.watched import World, front

HOSTILE = (
    "<img src=x onerror=window.injected=1>",
    "</script><script>window.injected=1</script>",
    "javascript:window.injected=1//\"'`&amp;",
    "\u202egnp.exe\u0000\u2028${window.injected=1}",
)

SERVERS, SESSIONS = 1000, 10_000


def hostile_world() -> World:
    """Whatever a network may name is named so."""
    world = World(servers=SERVERS)
    servers = world.farms["web"]["servers"]
    for number, name in enumerate(HOSTILE):
        servers[name] = servers["s1"] | {"state": "down", "up": False}
        world.fronts[name] = front()
        world.certificates.append(
            {"owner": name, "file": name, "not_after": world.time + 86400 * 5}
        )
        world.endings.append(ending(world, number, name))
    world.farms["web"] |= {"servers_all": len(servers), "servers_up": SERVERS}
    world.warnings = list(HOSTILE)
    kinds = [{"family": 6, "kind": name, "mtu": 1280, "clients": 9} for name in HOSTILE]
    lost = {"network": HOSTILE[0], "host": HOSTILE[1], "mss": 1428, "sessions": 3}
    world.paths["fronts"]["web"] = {"mss": kinds, "networks": [lost | {"seconds": 1.0}]}
    world.sessions = [session(number) for number in range(SESSIONS)]
    return world


def session(number: int) -> dict[str, Any]:
    name = HOSTILE[number % len(HOSTILE)] if number < 8 else f"s{number % 1000}"
    return {
        "session": f"3fa9c1-{number}",
        "worker": number % 2,
        "front": "web",
        "farm": "web",
        "server": name,
        "state": "open",
        "client": name if number < 8 else f"2001:db8::{number:x}",
        "client_port": 40_000,
        "seconds": {"total": float(number)},
        "bytes": {"up": number * 100, "down": 10**9 // (number + 1), "held": 0},
        "rate": {"up": number, "down": 10**7 // (number + 1)},
        "limited_by": HOSTILE[0] if number < 8 else VERDICTS[number % len(VERDICTS)],
    }


def ending(world: World, number: int, name: str) -> dict[str, Any]:
    return {
        "time": world.time - number,
        "session": name,
        "front": name,
        "farm": name,
        "server": name,
        "client": name,
        "client_port": 1,
        "ending": name if number else "done",
        "reason": name,
        "seconds": {"total": 1.0},
        "bytes": {"up": 1, "down": 1, "lost": 0},
        "worker": 0,
    }


def move(world: World) -> None:
    """A second passes."""
    world.pass_time()
    web = world.fronts["web"]
    moved = web["bytes"]
    web["bytes"] = {"up": moved["up"] + 1_200_000, "down": moved["down"] + 55_000_000}
    web["accepted"] += 140
    web["active"] = world.farms["web"]["active"] = SESSIONS
    web["endings"] = {"done": web["accepted"] - 20, "idle": 20}


def main() -> None:
    clock: Any = reactor
    world, root = hostile_world(), Plain()
    page = Page(clock, world.sources(changes=True))
    page.add(root)
    page.startService()
    LoopingCall(move, world).start(1.0)
    port = clock.listenTCP(0, Watched(root, (), clock), interface="::1")
    print(f"http://[::1]:{port.getHost().port}/", flush=True)
    clock.run()


if __name__ == "__main__":
    main()
