"""
The bed of one measurement: three hosts, a line in front or behind, one contender.

Every measurement has hosts of its own: kernels remember how a path was, and what one
has learned must not help the next.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.contenders import (
    BULK,
    Command,
    Place,
    Target,
    compiled,
    haproxy_binary,
    running,
)
from bench.loads import Figures
from tests.netlab import Host, Lab, Lossy

FAR = 0.025
"""Seconds from a client to the gateway: a round trip of 50 ms."""

PORT = 8000
"""Of the contender; its bulk is one higher."""


@dataclass(frozen=True)
class Line(Lossy):
    """A link as fast as ``line.c`` carries packets.  It does not reorder."""

    def command(self, one: int, other: int) -> list[str]:
        values = self.delay, self.loss, self.rate, self.seed, self.mtu
        return [compiled("path/line"), str(one), str(other), *map(str, values)]


@dataclass(frozen=True)
class Way:
    """How clients reach the server: by whom, and how that is set up."""

    name: str
    command: Command | None = None
    """None: the gateway's kernel routes."""
    congestion: str = "cubic"
    """Of the server's own stack."""
    tuned: bool = False
    """The server has today's buffers, where the experiment makes them old."""
    probing: int = 0
    """net.ipv4.tcp_mtu_probing of the gateway."""


@dataclass(frozen=True)
class Turn:
    """One measurement of one way: how long, where its files go, which losses."""

    seconds: int
    directory: Path
    seed: int


Measure = Callable[[Turn, Way], Figures]

DIRECT = Way("direct")


def bridge(
    front: dict[str, object] | None = None, back: dict[str, object] | None = None
) -> Command:
    """This gateway, its profiles ``wan`` and ``jumbo`` but for these keys of theirs."""

    def command(place: Place) -> list[str]:
        listen = [f"[{place.front}]:{port}" for port in (place.web, place.bulk)]
        server = {"address": f"{place.back}:{BULK}"}
        configuration = {
            "profiles": {
                "outside": {"base": "wan", **(front or {})},
                "inside": {"base": "jumbo", **(back or {})},
            },
            "fronts": {"a": {"listen": listen, "profile": "outside", "to": "b"}},
            "farms": {"b": {"profile": "inside", "servers": [server], "check": "off"}},
            "admin": {"socket": "off", "web": "off"},
            "log": {"access": str(place.directory / "access")},
        }
        file = place.write("bridge.yaml", json.dumps(configuration))
        twistd = Path(sys.executable).with_name("twistd")
        return [str(twistd), "-n", "--pidfile=", "bridge", "--config", file]

    return command


def haproxy(bind: str = "") -> Command:
    """HAProxy with one thread; *bind* is what else its front is told."""

    def command(place: Place) -> list[str]:
        binds = [
            f"    bind [{place.front}]:{port} {bind}"
            for port in (place.web, place.bulk)
        ]
        text = f"""
global
    nbthread 1
    tune.pipesize 1048576
defaults
    mode tcp
    option splice-auto
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen all
{chr(10).join(binds)}
    server one {place.back}:{BULK}
"""
        return [haproxy_binary(), "-db", "-q", "-f", place.write("haproxy.cfg", text)]

    return command


@contextmanager
def contending(lab: Lab, turn: Turn, way: Way) -> Iterator[Target]:
    """*way* set up in *lab*, whose server listens on BULK already."""
    # By the route: a namespace may set another default than the machine's only to what
    # the machine allows everybody.
    route = f"default via {lab.back_address}"
    lab.server.ip(f"route replace {route} congctl {way.congestion}")
    lab.gateway.sysctl(ipv4__tcp_mtu_probing=way.probing)
    with running(lab, way.command, turn.directory, PORT) as target:
        yield target


def serve(lab: Lab, **settings: str) -> int:
    """Have the server serve bulk, by its namespace's *settings*: the process."""
    if settings:
        lab.server.sysctl(**settings)
    program = lab.server.popen(
        [compiled("load"), "serve", lab.server.address, str(BULK)]
    )
    lab.server.wait_listening(BULK)
    return program.pid


def packets(host: Host, interface: str) -> tuple[int, int]:
    """
    How many *interface* has received and sent.

    What offloads have joined counts as one; a TUN device joins nothing.
    """
    for line in Path(f"/proc/{host.pid}/net/dev").read_text().splitlines():
        name, _, counts = line.partition(":")
        if name.strip() == interface:
            numbers = counts.split()
            return int(numbers[1]), int(numbers[9])
    raise LookupError(f"{host.name} has no interface {interface}")
