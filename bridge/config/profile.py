"""
Profiles: how one side's sockets are tuned.  The three built-in ones are here.

What each key sets is said once, in the docstring below it: the reference, the JSON
Schema and ``bridgectl explain`` repeat it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema
from pydantic import StringConstraints as Text

from bridge.config.scalars import (
    Bounds,
    Dscp,
    Kind,
    Seconds,
    SecondsOrOff,
    SizeOrAuto,
    SizeOrOff,
    Switch,
    Whole,
    show_seconds,
    show_size,
    shown,
    whole,
)

SMALLEST_MSS, LARGEST_MSS = 88, 32767
"""TCP_MIN_MSS and MAX_TCP_WINDOW of the kernel: it refuses TCP_MAXSEG beyond them."""

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"
Name: TypeAlias = Annotated[str, Text(pattern=NAME), Kind("a name")]

_KERNEL_SECONDS = Bounds(1, 32767, show_seconds)  # MAX_TCP_KEEPIDLE, linux/tcp.h
_BUFFER = Bounds(4 << 10, 1 << 30, show_size)


class Part(BaseModel):
    """What every part of the configuration is: frozen, and without unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True
    )


class Keepalive(Part):
    """When a silent connection is probed, and when it is given up."""

    idle: Annotated[Seconds, _KERNEL_SECONDS] = 60.0
    """Silence before the first probe (TCP_KEEPIDLE). The kernel counts whole seconds: a
    fraction is rounded up."""
    interval: Annotated[Seconds, _KERNEL_SECONDS] = 10.0
    """Time between two probes (TCP_KEEPINTVL), in whole seconds like idle."""
    probes: Annotated[Whole, Bounds(1, 127)] = 6
    """Probes without an answer after which the connection is reset (TCP_KEEPCNT):
    idle + interval * probes after the last sign of life."""

    @property
    def total(self) -> float:
        """Seconds after which a silent peer is given up."""
        return math.ceil(self.idle) + math.ceil(self.interval) * self.probes


def _mss(value: object) -> object:
    if value in ("auto", "safe"):
        return value
    try:
        number = whole(value)
    except ValueError:
        number = 0
    if not SMALLEST_MSS <= number <= LARGEST_MSS:
        raise ValueError(
            f"{shown(value)} is no MSS: write auto, safe, "
            f"or {SMALLEST_MSS} to {LARGEST_MSS} bytes"
        )
    return number


def _keepalive(value: object) -> object:
    if value is False or value == "off":
        return None
    if isinstance(value, dict | Keepalive):
        return value
    raise ValueError(
        f"{shown(value)} is neither off nor a map like "
        "{idle: 60s, interval: 10s, probes: 6}"
    )


class Profile(Part):
    """How the sockets of one side are tuned: those of a front, or those of a farm."""

    base: Name | None = None
    """The profile whose values hold for every key that this one does not set. Without
    it those are the defaults given here, which are the kernel's own wherever the kernel
    has one."""
    interface: Annotated[
        str | None, Text(pattern=r"^[^\s/:%]{1,15}$"), Kind("an interface's name")
    ] = None
    """Binds the sockets to this network interface (SO_BINDTODEVICE): packets leave and
    enter there only. Its MTU is the one that `mtu` and `mss` are checked against."""
    mtu: Annotated[Whole | None, Bounds(68, 65536), Kind("a whole number", "bytes")] = (
        None
    )
    """What the links of this side carry, IP header included. It sets nothing on a
    socket: `check` warns by it when an MSS cannot fit or when a front gains nothing.
    Default: the interface's; without one the kernel goes by its route and nothing is
    checked."""
    mss: Annotated[
        Literal["auto", "safe"] | int,
        BeforeValidator(_mss),
        Kind(f"auto, safe, or {SMALLEST_MSS} to {LARGEST_MSS}", "bytes"),
        WithJsonSchema(
            {
                "anyOf": [
                    {"enum": ["auto", "safe"]},
                    {
                        "type": "integer",
                        "minimum": SMALLEST_MSS,
                        "maximum": LARGEST_MSS,
                    },
                ]
            }
        ),
    ] = "auto"
    """The largest segment announced to the other end and sent to it (TCP_MAXSEG, set
    before the SYN). It can only lower what the MTU allows. `auto` leaves it to the
    kernel: MTU - 40 on IPv4, MTU - 60 on IPv6. `safe` is what MTU 1280 carries, 1220 on
    IPv6 and 1240 on IPv4: for clients behind tunnels whose ICMP never arrives.
    Timestamps take 12 bytes of it in every segment."""
    congestion: Annotated[
        str | None,
        Text(pattern=r"^[a-z0-9_]{1,15}$"),
        Kind("the name of an algorithm", none="the kernel's"),
    ] = None
    """The congestion control (TCP_CONGESTION): cubic, bbr, reno, whatever
    net.ipv4.tcp_available_congestion_control lists. Default: the kernel's own."""
    send_buffer: Annotated[SizeOrAuto, _BUFFER] = None
    """The send buffer (SO_SNDBUF). A size switches the kernel's autotuning off, is
    capped at net.core.wmem_max and doubled for bookkeeping; `auto` is nearly always
    better."""
    receive_buffer: Annotated[SizeOrAuto, _BUFFER] = None
    """The receive buffer (SO_RCVBUF), as above with net.core.rmem_max. It is set before
    the SYN, because the window scale is agreed there."""
    window_clamp: Annotated[SizeOrOff, Bounds(2 << 10, 1 << 30, show_size)] = None
    """The largest window ever announced (TCP_WINDOW_CLAMP): bounds what one sender may
    have under way, without a fixed buffer."""
    unsent_low_water: Annotated[SizeOrOff, Bounds(1, 1 << 30, show_size)] = None
    """How much not yet sent data a socket holds before it stops taking more
    (TCP_NOTSENT_LOWAT). Keeps queues short: a slow reader is felt at the source sooner,
    for a few more wake-ups."""
    user_timeout: Annotated[SecondsOrOff, Bounds(0.001, 2_147_483, show_seconds)] = None
    """How long a peer that owes us an acknowledgement may be silent until it counts as
    gone and the connection is reset (RFC 5482); `off` waits as long as the kernel's
    retries, some 15 minutes. A peer that stops reading and answers window probes is
    alive, whatever this says; what ends its session is `timeouts.idle`. Connections
    that owe nothing are `keepalive`'s. The gateway looks for itself: TCP_USER_TIMEOUT
    makes no such difference. Of Multipath TCP nothing is said by it."""
    keepalive: Annotated[
        Keepalive | None, BeforeValidator(_keepalive), Kind("a map or off", none="off")
    ] = None
    """Probes on silent connections (SO_KEEPALIVE), which find peers that went away
    without a word and keep the state of NATs alive; `off` sends none."""
    nodelay: Switch = True
    """Sends small segments at once (TCP_NODELAY). A relay that waited for more would
    add its delay to the sender's own."""
    quickack: Switch = False
    """Acknowledges at once instead of waiting for data to ride on (TCP_QUICKACK). The
    kernel leaves this mode by itself after a while."""
    fast_open: Switch = False
    """TCP Fast Open (RFC 7413): on a front, data in a returning client's SYN is taken;
    on a farm, data rides in ours, and a server that does not answer is noticed too late
    to try another. net.ipv4.tcp_fastopen must allow the side."""
    defer_accept: Annotated[SecondsOrOff, _KERNEL_SECONDS] = None
    """Fronts only: the kernel hands a connection over when its first data is there, or
    after this time (TCP_DEFER_ACCEPT). Never where the server speaks first."""
    dscp: Dscp = 0
    """The code point that packets carry (RFC 2474; IP_TOS and IPV6_TCLASS): for the
    queues of routers."""
    mark: Annotated[Whole, Bounds(0, 0xFFFFFFFF)] = 0
    """The mark of the packets for the host's own rules and routes (SO_MARK). Needs
    CAP_NET_ADMIN; 0 sets none."""
    mptcp: Switch = False
    """Fronts only: also accepts Multipath TCP (RFC 8684)."""

    def over(self, base: Profile) -> Profile:
        """This profile with what it does not set taken from *base*."""
        # No deep copy: every value is frozen.
        own = {key: getattr(self, key) for key in self.model_fields_set}
        return base.model_copy(update=own)


_LAN = Profile(user_timeout=30.0)
BUILT_IN: Mapping[str, Profile] = {
    "wan": Profile(user_timeout=120.0, keepalive=Keepalive()),
    "lan": _LAN,
    "jumbo": Profile(base="lan", mtu=9000).over(_LAN),
}
"""
Always there, and not to be redefined.  wan: towards clients anywhere, who may be in a
tunnel for a minute, and are given up no sooner than keep-alive would; lan: towards
servers nearby; jumbo: lan, on links of MTU 9000.
"""


def resolve(profiles: Mapping[str, Profile]) -> dict[str, Profile]:
    """
    Every profile that there is, by its name, with every key filled in along ``base``.

    *profiles* have been checked for circles and for bases that do not exist.  A loop
    and no recursion: a chain may be longer than Python's stack.
    """
    known = dict(BUILT_IN)
    for name in profiles:
        chain: list[str] = []
        step: str | None = name
        while step is not None and step not in known:
            chain.append(step)
            step = profiles[step].base
        above = known[step] if step is not None else None
        for each in reversed(chain):
            own = profiles[each]
            above = known[each] = own if above is None else own.over(above)
    return known
