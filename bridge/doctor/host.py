"""What this host's kernel offers, as values; ``Host.read`` is all that looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

FAST_OPEN_DIAL, FAST_OPEN_LISTEN = 1, 2
"""Bits of net.ipv4.tcp_fastopen (kernel: networking/ip-sysctl)."""


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
    now: float | None = None
    """Its wall clock, in seconds since the epoch, by which certificates expire.  None:
    they are not looked at."""

    @classmethod
    def read(cls, root: Path = Path("/")) -> Host:
        """This host, from /proc and /sys below *root*."""
        net = root / "proc/sys/net"
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
            now=datetime.now(UTC).timestamp(),
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


def _interfaces(folder: Path) -> Mapping[str, int] | None:
    if not folder.is_dir():
        return None
    found = {path.name: _number(path / "mtu") for path in sorted(folder.iterdir())}
    # bonding_masters is a file among the interfaces.
    return {name: mtu for name, mtu in found.items() if mtu is not None}
