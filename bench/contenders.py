"""
What is compared: for each contender the files it reads and the command it runs.

Every one listens on the gateway's IPv6 address, on one port for requests and one for
bulk, and connects to the server's IPv4 address.  ``direct`` is no process at all: the
client reaches the server through the gateway's kernel, by routing.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from ipaddress import ip_network
from itertools import islice
from pathlib import Path

from tests.netlab import Lab
from tests.netlab.fixtures import SEARCH

HERE = Path(__file__).parent
PATIENCE = 30
"""Seconds for a contender to start, on a machine that does much else."""
WEB, BULK, TOLD = 80, 81, 82  # on the server; TOLD wants a PROXY header


@dataclass(frozen=True)
class Place:
    """Where a contender stands: its files, its addresses, its ports."""

    directory: Path
    front: str
    back: str
    web: int
    bulk: int

    def write(self, name: str, text: str) -> str:
        path = self.directory / name
        path.write_text(text)
        return str(path)

    @property
    def words(self) -> list[str]:
        """For contenders that are told all on the command line."""
        ports = (self.web, WEB, self.bulk, BULK)
        return [self.front, self.back, *map(str, ports)]


Command = Callable[[Place], list[str]]
"""What starts a contender at its place, in the foreground."""


@dataclass(frozen=True)
class Target:
    """A contender that runs: where to send, whose CPU counts (0: nobody's)."""

    host: str
    web: int
    bulk: int
    pid: int
    scheme: str = "http"
    proxied: bool = False
    """Whether its front wants a PROXY header."""
    watched: str = ""
    """At whose page somebody looks meanwhile; empty: nobody does."""
    rate: int = 0
    """Bytes in a second to which the load holds itself; 0: none."""
    threads: int = 1
    """How many of one process of it share the work."""

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.web}"


def haproxy(place: Place, threads: int = 1, *, logs: bool = False) -> list[str]:
    """*logs*: a line a session, to its standard output, which is a file."""
    text = f"""
global
    nbthread {threads}
    maxconn 5000
    tune.pipesize 1048576
    {"log stdout format raw local0" if logs else ""}
defaults
    mode tcp
    {"log global" if logs else ""}
    {"option tcplog" if logs else ""}
    option splice-auto
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen web
    bind [{place.front}]:{place.web}
    server one {place.back}:{WEB}
listen bulk
    bind [{place.front}]:{place.bulk}
    server one {place.back}:{BULK}
"""
    quiet = () if logs else ("-q",)  # which would close standard output
    config = place.write("haproxy.cfg", text)
    return [haproxy_binary(), "-db", *quiet, "-f", config]


def haproxy_binary() -> str:
    """HAPROXY names another than the installed one."""
    return os.environ.get("HAPROXY", "haproxy")


def nginx(
    place: Place, front: str = "", tls: str = "", *, logs: bool = False
) -> list[str]:
    """*logs*: a line a session, written in blocks, which is the cheapest for it."""
    told = "" if not logs else NGINX_LOG % f"{place.directory}/access.log"
    text = f"""
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
worker_processes 1;
worker_rlimit_nofile 16384;
daemon off;
master_process off;
pid {place.directory}/nginx.pid;
error_log {place.directory}/nginx.log;
events {{ worker_connections 12000; }}
stream {{
    proxy_timeout 1h;
    proxy_buffer_size 64k;
    {tls}
    {told}
    server {{ listen [{place.front}]:{place.web}{front} backlog=4096;
              proxy_pass {place.back}:{WEB}; }}
    server {{ listen [{place.front}]:{place.bulk} backlog=4096;
              proxy_pass {place.back}:{BULK}; }}
}}
"""
    return ["nginx", "-c", place.write("nginx.conf", text), "-e", "/dev/null"]


NGINX_LOG = (
    "log_format session '$remote_addr:$remote_port [$time_iso8601] $upstream_addr"
    " $status $bytes_sent $bytes_received $session_time $upstream_connect_time';"
    " access_log %s session buffer=32k flush=1s;"
)


def portforward(place: Place) -> list[str]:
    # -P: else our http.py would stand for Python's.
    return [sys.executable, "-P", str(HERE / "portforward.py"), *place.words]


def floor(place: Place) -> list[str]:
    return [compiled("floor"), *place.words]


def bridge(
    place: Place,
    servers: str = "",
    rest: str = "",
    *,
    front: str = "",
    bulk: str = "",
    more: str = "",
    form: str = "text",
) -> list[str]:
    """
    *rest* and *front* are more of the farm's and the front's settings, and so on.
    *form* is the access log's, "off" none.
    """
    log = f'access: "{place.directory}/access.log", access_format: {form}'
    if form == "off":
        log = "access: off"
    text = f"""
profiles: {{inside: {{base: jumbo}}}}
fronts:
  web: {{listen: "[{place.front}]:{place.web}", to: web{front}}}
  bulk: {{listen: "[{place.front}]:{place.bulk}", to: bulk{bulk}}}
farms:
  web: {{profile: inside, servers: [{servers or f'"{place.back}:{WEB}"'}]{rest}}}
  bulk: {{profile: inside, servers: ["{place.back}:{BULK}"]}}
log: {{{log}}}
{more}
"""
    config = place.write("bridge.yaml", text)
    twistd = Path(sys.executable).with_name("twistd")
    return [str(twistd), "-n", "--pidfile=", "bridge", "--config", config]


def of_tree(tree: Path, command: Command) -> Command:
    """*command* of this gateway, run from another checkout that is set up (.venv)."""
    return by(tree / ".venv", command)


def by(environment: Path, command: Command) -> Command:
    """*command* of this gateway, run by what is installed in *environment*."""
    twistd = str(environment / "bin/twistd")
    return lambda place: [twistd, *command(place)[1:]]


def one_server(place: Place) -> list[str]:
    return bridge(place, rest=UNCHECKED)


def with_headers(place: Place) -> list[str]:
    """A PROXY header in front, and another one behind."""
    server = f'"{place.back}:{TOLD}"'
    front = f', accept_proxy: ["{CLIENTS}"]'
    return bridge(place, server, f"{UNCHECKED}, send_proxy: v2", front=front)


def with_networks(place: Place) -> list[str]:
    """Many networks that are refused, none of them a client's."""
    lines = (
        *islice(IPV6_STRANGERS.subnets(new_prefix=48), NETWORKS // 2),
        *islice(IPV4_STRANGERS.subnets(new_prefix=24), NETWORKS // 2),
    )
    file = place.write("strangers.txt", "".join(f"{line}\n" for line in lines))
    return bridge(place, rest=UNCHECKED, front=f', deny: ["@{file}"]')


def with_limit(place: Place) -> list[str]:
    limit = ", limits: {bandwidth: 100Mbit/s}"
    return bridge(place, rest=UNCHECKED, bulk=limit)


def with_pseudonyms(place: Place) -> list[str]:
    source = f"source: {{pool: {POOL}, key: bench}}"
    return bridge(place, rest=f"{UNCHECKED}, {source}")


def with_filter(place: Place) -> list[str]:
    """One that says at once that everything may pass."""
    filters = ', filters: ["bridge.filters:Filter"]'
    return bridge(place, rest=UNCHECKED, front=filters)


def hundred_servers(place: Place) -> list[str]:
    """All are the one nginx, by addresses that its host takes for its own."""
    servers = ", ".join(f'"{address}:{WEB}"' for address in islice(MANY.hosts(), 100))
    return bridge(place, servers)


MANY = ip_network("198.19.0.0/25")
"""Addresses for 100 servers and some more (RFC 2544)."""

CLIENTS = ip_network("2001:db8:2::/48")
"""Of all its addresses the client has a few."""

POOL = ip_network("100.64.0.0/10")

NETWORKS = 10_000
IPV6_STRANGERS, IPV4_STRANGERS = ip_network("2a00::/16"), ip_network("10.0.0.0/8")

UNCHECKED = ", check: off"

BEFORE = "before"
"""The gateway of another checkout: see ``of_tree``."""

ONE, HUNDRED = "one server", "100 servers"
UNLIMITED, LIMITED = "100 Mbit/s sent", "bandwidth: 100Mbit/s"
RATE = 12_500_000
"""Bytes in a second: what both of these come to."""
PROXIED, REFUSING, POOLED = "PROXY v2", f"{NETWORKS:,} networks", "pseudonyms"
FILTERED = "a filter"
SPECIAL: dict[str, Command] = {
    ONE: one_server,
    HUNDRED: hundred_servers,
    PROXIED: with_headers,
    REFUSING: with_networks,
    POOLED: with_pseudonyms,
    FILTERED: with_filter,
    UNLIMITED: one_server,
    LIMITED: with_limit,
}
"""Of rows that compare the gateway with itself."""

CONTENDERS: dict[str, Command | None] = {
    "direct": None,
    "floor": floor,
    "bridge": bridge,
    "haproxy": haproxy,
    "nginx": nginx,
    "portforward": portforward,
}


LIBRARIES = {"shakes": ("-lssl", "-lcrypto")}


def compiled(name: str) -> str:
    """The program made from bench/NAME.c, made now if it is older than that."""
    source, program = HERE / f"{name}.c", HERE / "build" / name
    program.parent.mkdir(parents=True, exist_ok=True)
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        words = ["cc", "-O2", "-o", str(program), str(source), *LIBRARIES.get(name, ())]
        subprocess.run(words, check=True)
    return str(program)


@contextmanager
def running(
    lab: Lab, command: Command | None, directory: Path, port: int
) -> Iterator[Target]:
    """
    A contender on the gateway, on *port* and the one above; None is ``direct``.
    """
    if command is None:
        yield Target(lab.server.address, WEB, BULK, 0)
        return
    directory.mkdir(exist_ok=True)
    place = Place(directory, lab.front_address, lab.server.address, port, port + 1)
    with (directory / "output").open("ab") as output:
        program = lab.gateway.popen(
            command(place),
            stdout=output,
            stderr=output,
            env={**os.environ, "PATH": SEARCH},
        )
    try:
        _wait(lab, place)
        yield Target(place.front, place.web, place.bulk, program.pid)
    finally:
        lab.gateway.stop(program)


def _wait(lab: Lab, place: Place) -> None:
    """Until both ports are served; an error with the program's last words, if not."""
    try:
        lab.gateway.wait_listening(place.web, PATIENCE)
        lab.gateway.wait_listening(place.bulk, PATIENCE)
    except TimeoutError as error:
        said = (place.directory / "output").read_text(errors="replace").split("\n")
        raise TimeoutError("\n    ".join([f"{error}; it said:", *said[-6:]])) from None


def versions() -> dict[str, str]:
    """The release of everything compared that has one."""
    commands = {"haproxy": [haproxy_binary(), "-v"], "nginx": ["nginx", "-v"]}
    found = {"Python": sys.version.split()[0]}
    for name, package in (("bridge", "bridge-gateway"), ("Twisted", "Twisted")):
        found[name] = metadata.version(package)
    for name, command in commands.items():
        ran = subprocess.run(
            command, capture_output=True, text=True, env={"PATH": SEARCH}
        )
        number = re.search(r"(?:version |nginx/)(\S+)", ran.stdout + ran.stderr)
        found[name] = number[1] if number else "unknown"
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))
