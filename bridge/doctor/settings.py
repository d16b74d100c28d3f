"""
The kernel's settings for the whole host, against what this configuration asks for.

Pure but for reading /proc/sys.  Not here: what a profile asks for and cannot have,
which ``check`` warns of (``findings``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from bridge.config import Config
from bridge.config.scalars import show_size
from bridge.doctor.descriptors import sessions
from bridge.doctor.host import Host
from bridge.doctor.report import Finding, Severity

SUBJECT = "host"

ENOUGH_BUFFER = 4 << 20
"""Bytes: what Linux has by default; 100 Mbit/s over 300 ms need as much."""
ENOUGH_BACKLOG = 1024
"""Handshakes at a time; Linux has as many, or more, on any host of 1 GiB."""
ADVISED_BACKLOG = 16384  # conf/sysctl.d/60-bridge.conf
PIPE = 1 << 20
PAGE = 4096
ENOUGH_PIPES = 256
"""Directions whose receiver does not read, at a time; conf/sysctl.d has four times."""
ADVISED_PIPE_PAGES = 262_144
CAP_SYS_RESOURCE = 24  # linux/capability.h

Read = Callable[[str], str | None]
"""The text of a setting, ``net.ipv4.tcp_rmem``; None: it cannot be read."""


def reader(root: Path = Path("/")) -> Read:
    """From /proc/sys below *root*."""

    def read(name: str) -> str | None:
        try:
            path = root / "proc/sys" / name.replace(".", "/")
            return path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None

    return read


def number(read: Read, name: str) -> int | None:
    """The last number of a setting."""
    words = (read(name) or "").split()
    return int(words[-1]) if words and words[-1].isdecimal() else None


def findings(config: Config, host: Host, read: Read) -> Iterator[Finding]:
    """What is to be said of them, the good with the bad."""
    yield from _probing(config, read)
    yield from _congestion(config, host, read)
    for name in ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"):
        yield _buffers(read, name)
    for name in ("net.core.somaxconn", "net.ipv4.tcp_max_syn_backlog"):
        yield _at_least(read, name, ENOUGH_BACKLOG, ADVISED_BACKLOG, "handshakes")
    yield _descriptors(config, host)
    yield _pipes(host, read)


def _set(name: str, value: object) -> str:
    text = str(value)
    return (
        f"sysctl -w {name}={text}" if " " not in text else f"sysctl -w {name}='{text}'"
    )


def _unseen(name: str) -> Finding:
    what = f"{name} cannot be read on this system"
    return Finding(SUBJECT, Severity.UNKNOWN, what)


def _probing(config: Config, read: Read) -> Iterator[Finding]:
    """What saves a client behind a tunnel that swallows large packets (RFC 4821)."""
    name = "net.ipv4.tcp_mtu_probing"
    value = number(read, name)
    exposed = [
        front
        for front, settings in config.fronts.items()
        if config.profile(settings.profile).mss == "auto"
    ]
    if value is None:
        yield _unseen(name)
    elif value or not exposed:
        yield Finding(SUBJECT, Severity.OK, f"{name} is {value}")
    else:
        what = f"{name} is 0: where large packets vanish, sessions stall for good"
        yield Finding(SUBJECT, Severity.WARN, what, _set(name, 1))


def _congestion(config: Config, host: Host, read: Read) -> Iterator[Finding]:
    default = read("net.ipv4.tcp_congestion_control")
    if default is None or host.congestion is None:
        yield _unseen("net.ipv4.tcp_congestion_control")
        return
    for name, front in config.fronts.items():
        chosen = config.profile(front.profile).congestion
        what = f"congestion control is {chosen or default}"
        if chosen is None and default != "bbr":
            there = "" if "bbr" in host.congestion else " (modprobe tcp_bbr)"
            what = f"{what}; for clients that are far, bbr carries more{there}"
        yield Finding(f"front {name}", Severity.OK, what)
    for name, farm in config.farms.items():
        chosen = config.profile(farm.profile).congestion
        what = f"congestion control is {chosen or default}"
        if (chosen or default) == "bbr":
            what += ", which paces by timers; for servers nearby, cubic costs less"
        yield Finding(f"farm {name}", Severity.OK, what)


def _buffers(read: Read, name: str) -> Finding:
    words = (read(name) or "").split()
    if len(words) != 3 or not all(map(str.isdecimal, words)):
        return _unseen(name)
    if int(words[2]) >= ENOUGH_BUFFER:
        most = show_size(int(words[2]))
        return Finding(SUBJECT, Severity.OK, f"{name} goes up to {most}")
    what = f"{name} stops at {show_size(int(words[2]))}: too little for far clients"
    return Finding(
        SUBJECT,
        Severity.WARN,
        what,
        _set(name, " ".join([*words[:2], str(ENOUGH_BUFFER)])),
    )


def _at_least(read: Read, name: str, least: int, advised: int, of: str) -> Finding:
    value = number(read, name)
    if value is None:
        return _unseen(name)
    if value >= least:
        return Finding(SUBJECT, Severity.OK, f"{name} is {value}")
    what = f"{name} is {value}: when more {of} come at once, clients wait"
    return Finding(SUBJECT, Severity.WARN, what, _set(name, advised))


def _descriptors(config: Config, host: Host) -> Finding:
    if host.descriptors is None:
        return Finding(SUBJECT, Severity.OK, "open files are not limited")
    carried = sessions(config, host.descriptors)
    what = f"{host.descriptors:,} open files carry {carried:,} sessions a worker"
    return Finding(SUBJECT, Severity.OK, what)


def _pipes(host: Host, read: Read) -> Finding:
    name = "fs.pipe-user-pages-soft"
    pages = number(read, name)
    if pages is None:
        return _unseen(name)
    later = host.capabilities_later
    if not pages or (later is not None and later >> CAP_SYS_RESOURCE & 1):
        return Finding(SUBJECT, Severity.OK, f"{name} does not limit this user")
    pipes = pages * PAGE // PIPE
    if pipes >= ENOUGH_PIPES:
        return Finding(
            SUBJECT, Severity.OK, f"{name} has room for {pipes:,} full pipes"
        )
    what = f"{name} has room for {pipes:,} full pipes: with more, all are small"
    return Finding(SUBJECT, Severity.WARN, what, _set(name, ADVISED_PIPE_PAGES))
