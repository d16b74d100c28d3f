"""
Ports: whether there are enough to dial from, and whether those to listen on are free.

Pure but for reading /proc.  A port in use is told with who uses it where that can be
seen: for an ordinary user only of processes of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from bridge.config import Config
from bridge.doctor.report import Finding, Severity
from bridge.doctor.settings import Read
from bridge.net.address import Address

SUBJECT = "host"
RANGE, RESERVED = "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports"
ADVISED = "10240 65535"  # conf/sysctl.d/60-bridge.conf

_LISTEN = "0A"  # TCP_LISTEN, include/net/tcp_states.h
_MOST_LINES = 1_000_000


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that somebody on this host listens with."""

    host: str
    port: int
    inode: int
    """How the kernel calls it."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose it is."""

    pid: int
    name: str
    is_gateway: bool
    """Perhaps the very one that is asked about."""


def findings(
    config: Config,
    read: Read,
    listeners: Iterable[Listener],
    owner: Callable[[int], Owner | None],
) -> Iterator[Finding]:
    """What is to be said of ports."""
    yield from _room(config, read)
    yield from _within(config, read)
    yield from _taken(config, list(listeners), owner)


def _room(config: Config, read: Read) -> Iterator[Finding]:
    words = (read(RANGE) or "").split()
    if len(words) != 2 or not all(map(str.isdecimal, words)):
        yield Finding(SUBJECT, Severity.UNKNOWN, f"{RANGE} cannot be read here")
        return
    ports = int(words[1]) - int(words[0]) + 1 - len(_reserved(read))
    for name, farm in config.farms.items():
        if farm.pool is not None or not farm.servers:
            continue
        sources = max(1, len(farm.own_sources))
        room = ports * sources * len(farm.servers)
        asked = sum(
            front.limits.connections
            for front in config.fronts.values()
            if name in front.farms
        )
        subject, each = f"farm {name}", f"{ports * sources:,} ports to each server"
        if room >= asked:
            yield Finding(subject, Severity.OK, f"{each}, {room:,} sessions in all")
            continue
        what = f"{each}: {room:,} sessions, and its fronts let {asked:,} in"
        yield Finding(subject, Severity.WARN, what, f"sysctl -w {RANGE}='{ADVISED}'")


def _reserved(read: Read) -> set[int]:
    """``8080,9000-9100`` as ports."""
    found: set[int] = set()
    for word in (read(RESERVED) or "").split(","):
        first, _, last = word.partition("-")
        if first.isdecimal() and (last or first).isdecimal():
            found.update(range(int(first), min(int(last or first), 65535) + 1))
    return found


def _within(config: Config, read: Read) -> Iterator[Finding]:
    """Ports to listen on that the kernel may give to a dial before."""
    words = (read(RANGE) or "").split()
    if len(words) != 2 or not all(map(str.isdecimal, words)):
        return
    dialed = range(int(words[0]), int(words[1]) + 1)
    reserved = _reserved(read)
    for name, front in config.fronts.items():
        ports = {listen.port for listen in front.listen if isinstance(listen, Address)}
        wrong = sorted(
            port for port in ports if port in dialed and port not in reserved
        )
        if wrong:
            some = ",".join(map(str, wrong[:8])) + (",…" if wrong[8:] else "")
            what = f"port {some} may be a dial's when it is to be listened on"
            cure = f"sysctl -w {RESERVED}={','.join(map(str, wrong))}"
            yield Finding(f"front {name}", Severity.WARN, what, cure)


def _taken(
    config: Config, listeners: list[Listener], owner: Callable[[int], Owner | None]
) -> Iterator[Finding]:
    by_port: dict[int, list[Listener]] = {}
    for each in listeners:
        by_port.setdefault(each.port, []).append(each)
    for name, front in config.fronts.items():
        for listen in front.listen:
            if not isinstance(listen, Address) or not listen.port:
                continue
            for other in by_port.get(listen.port, ()):
                if _overlap(listen.host, other.host, front.dual_stack):
                    yield _conflict(f"front {name}", listen, owner(other.inode))
                    break


def _overlap(ours: str, theirs: str, dual_stack: bool) -> bool:
    if ours == theirs or theirs == "::":  # nobody knows whether that takes IPv4 too
        return ours == theirs or ":" in ours
    if ours == "::" and (":" in theirs or dual_stack):
        return True
    return ":" not in ours + theirs and "0.0.0.0" in (ours, theirs)


def _conflict(subject: str, listen: Address, whose: Owner | None) -> Finding:
    cure = f"ss -ltnp 'sport = :{listen.port}'"
    if whose is None:
        what = f"{listen} is taken; by whom cannot be seen without root"
        return Finding(subject, Severity.UNKNOWN, f"{what}: by the gateway?", cure)
    if whose.is_gateway:
        what = f"{listen} is the gateway's that runs (pid {whose.pid})"
        return Finding(subject, Severity.OK, what)
    what = f"{listen} is taken by {whose.name} (pid {whose.pid})"
    return Finding(subject, Severity.FAIL, what, cure)


def listening(root: Path = Path("/")) -> Iterator[Listener]:
    """All that this host, or namespace, listens on."""
    for name in ("tcp", "tcp6"):
        try:
            with (root / "proc/net" / name).open() as lines:
                for count, line in enumerate(lines):
                    words = line.split()
                    if count > _MOST_LINES:
                        break
                    if len(words) > 9 and words[3] == _LISTEN:
                        yield _listener(words)
        except (OSError, ValueError):
            continue


def _listener(words: list[str]) -> Listener:
    """Raises ValueError."""
    host, _, port = words[1].partition(":")
    # Four bytes at a time, each in the host's own order.
    swapped = b"".join(
        bytes.fromhex(host[at : at + 8])[::-1] for at in range(0, len(host), 8)
    )
    text = str(IPv4Address(swapped) if len(swapped) == 4 else IPv6Address(swapped))
    return Listener(text, int(port, 16), int(words[9]))


def _links(folder: Path) -> Iterator[str]:
    """What the descriptors of a process are.  Raises OSError: it is another's."""
    for each in folder.iterdir():
        try:
            yield os.readlink(each)
        except FileNotFoundError:  # closed meanwhile, as that of this very folder
            continue


def owner_of(root: Path = Path("/")) -> Callable[[int], Owner | None]:
    """Who has a socket; all processes are looked through for the first one."""
    found: list[Mapping[int, Owner]] = []

    def owner(inode: int) -> Owner | None:
        if not found:
            found.append(owners(root))
        return found[0].get(inode)

    return owner


def owners(root: Path = Path("/")) -> Mapping[int, Owner]:
    """By inode, of sockets of the processes that this user may look at."""
    found: dict[int, Owner] = {}
    for folder in (root / "proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            links = list(_links(folder / "fd"))
            command = (folder / "cmdline").read_bytes().split(b"\0")
            name = (folder / "comm").read_text(errors="replace").strip()
        except OSError:  # another's, or it has ended
            continue
        sockets = [link[8:-1] for link in links if link.startswith("socket:[")]
        whose = Owner(int(folder.name), name, _is_gateway(command))
        found |= {int(each): whose for each in sockets if each.isdecimal()}
    return found


def _is_gateway(command: Sequence[bytes]) -> bool:
    """Whether it was started by twistd, or is one of the workers."""
    started = b"bridge" in command and any(b"twistd" in word for word in command)
    return started or any(word.startswith(b"bridge.processes") for word in command)
