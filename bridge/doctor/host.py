"""What this host's kernel offers, as values; ``Host.read`` is all that looks."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bridge.doctor.local_networks import local_networks
from bridge.net.inherited import as_started, socket_names
from bridge.net.prefixes import Network

FAST_OPEN_DIAL, FAST_OPEN_LISTEN = 1, 2
"""Bits of net.ipv4.tcp_fastopen (kernel: networking/ip-sysctl)."""

NET_BIND_SERVICE, NET_ADMIN, NET_RAW = 10, 12, 13
"""Capabilities, as bits of a set of them (capabilities(7), linux/capability.h)."""


@dataclass(frozen=True)
class Host:
    """
    Limits of one kernel.  None is "not known": nothing is then said about it.
    """

    interfaces: Mapping[str, int] | None = None
    """The MTU of each network interface by its name, in bytes."""
    congestion: frozenset[str] | None = None
    """The congestion controls that are loaded."""
    send_buffer_max: int | None = None
    """net.core.wmem_max, in bytes: SO_SNDBUF is capped at it."""
    receive_buffer_max: int | None = None
    """net.core.rmem_max, in bytes: SO_RCVBUF is capped at it."""
    send_autotuned_max: int | None = None
    """The last of net.ipv4.tcp_wmem, in bytes: what autotuning stops at."""
    receive_autotuned_max: int | None = None
    """The last of net.ipv4.tcp_rmem, in bytes."""
    fast_open: int | None = None
    """net.ipv4.tcp_fastopen, a set of bits."""
    mptcp: bool | None = None
    """Whether Multipath TCP can be used."""
    congestion_allowed: frozenset[str] | None = None
    """The congestion controls that a process without CAP_NET_ADMIN may choose."""
    ports_from: int | None = None
    """net.ipv4.ip_unprivileged_port_start: the first port that anybody may have."""
    release: tuple[int, int] | None = None
    """Of the kernel."""
    capabilities: int | None = None
    """This process's effective ones, a set of bits, with which it would listen."""
    capabilities_later: int | None = None
    """Those it would dial with: without them where it changes to another user."""
    sockets: frozenset[str] | None = None
    """What systemd passed, by name; None: systemd did not start this process."""
    looks: bool = False
    """Whether more is looked at than these values: files, addresses, names."""
    descriptors: int | None = None
    """The hard limit of open files that a process has which is started from here."""
    local: frozenset[Network] | None = None
    """Networks of which every address is this host's."""
    now: float | None = None
    """Its wall clock, in seconds since the epoch, by which certificates expire.  None:
    they are not looked at."""

    def may(self, capability: int, *, later: bool = False) -> bool:
        """Whether the process has it; *later*: when it dials.  True where unknown."""
        held = self.capabilities_later if later else self.capabilities
        return held is None or bool(held >> capability & 1)

    @classmethod
    def read(
        cls, root: Path = Path("/"), *, uid: int | None = None, looks: bool = False
    ) -> Host:
        """
        This host, from /proc and /sys below *root*.

        *uid* is the user that the process changes to once it listens.
        """
        net = root / "proc/sys/net"
        held = _capabilities(root / "proc/self/status")
        allowed = _text(net / "ipv4/tcp_allowed_congestion_control")
        congestion = _text(net / "ipv4/tcp_available_congestion_control")
        return cls(
            interfaces=_interfaces(root / "sys/class/net"),
            congestion=None if congestion is None else frozenset(congestion.split()),
            send_buffer_max=_number(net / "core/wmem_max"),
            receive_buffer_max=_number(net / "core/rmem_max"),
            send_autotuned_max=_number(net / "ipv4/tcp_wmem"),
            receive_autotuned_max=_number(net / "ipv4/tcp_rmem"),
            fast_open=_number(net / "ipv4/tcp_fastopen"),
            # A kernel without it has no such file; one without /proc/sys says nothing.
            mptcp=_number(net / "mptcp/enabled") == 1 if net.is_dir() else None,
            descriptors=_most_files(root / "proc/self/limits"),
            now=datetime.now(UTC).timestamp(),
            congestion_allowed=None if allowed is None else frozenset(allowed.split()),
            ports_from=_number(net / "ipv4/ip_unprivileged_port_start"),
            release=_release(root / "proc/sys/kernel/osrelease"),
            capabilities=held,
            capabilities_later=0 if uid and held is not None else held,
            sockets=socket_names(as_started(os.environ), os.getpid()),
            looks=looks,
            local=local_networks(root) if looks else None,
        )


def _text(path: Path) -> str | None:
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return None


def _number(path: Path) -> int | None:
    """The last number of a file: tcp_rmem holds least, default and most."""
    words = (_text(path) or "").split()
    return int(words[-1]) if words and words[-1].isdecimal() else None


def _capabilities(status: Path) -> int | None:
    """CapEff of proc_pid_status(5)."""
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", _text(status) or "", re.MULTILINE)
    return int(found[1], 16) if found else None


def _release(path: Path) -> tuple[int, int] | None:
    found = re.match(r"(\d+)\.(\d+)", _text(path) or "")
    return (int(found[1]), int(found[2])) if found else None


def _most_files(limits: Path) -> int | None:
    """``Max open files``, soft and hard, of proc_pid_limits(5); None if unlimited."""
    found = re.search(r"^Max open files +\w+ +([0-9]+)", _text(limits) or "", re.M)
    return int(found[1]) if found else None


def _interfaces(folder: Path) -> Mapping[str, int] | None:
    if not folder.is_dir():
        return None
    found = {path.name: _number(path / "mtu") for path in sorted(folder.iterdir())}
    # bonding_masters is a file among the interfaces.
    return {name: mtu for name, mtu in found.items() if mtu is not None}
