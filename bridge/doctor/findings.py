"""
What is valid and yet cannot work on this host, or does nothing.

Each check is a pure function of a configuration and a ``Host``; it yields oddities,
which ``warnings`` turns into lines with their places.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from bridge.config import Document, Place
from bridge.config.model import Front
from bridge.config.problems import Path, Spot, dotted, place_of
from bridge.config.profile import BUILT_IN, Profile
from bridge.config.routes import DEFAULT
from bridge.config.scalars import show_seconds, show_size
from bridge.doctor import certificates, descriptors, diverted, farms, identity, start
from bridge.doctor.host import (
    FAST_OPEN_DIAL,
    FAST_OPEN_LISTEN,
    NET_ADMIN,
    NET_RAW,
    Host,
)
from bridge.doctor.loops import loops
from bridge.net.address import Address
from bridge.net.mtu import IP_HEADER, MINIMUM_MTU, SAFE_MSS, TCP_HEADER
from bridge.net.prefix_listen import PrefixListen


@dataclass(frozen=True)
class Oddity:
    """One thing to warn of: at which key, and why."""

    path: Path
    message: str


@dataclass(frozen=True)
class Use:
    """A profile on one side: with which families, and whether as a front's."""

    name: str
    families: frozenset[int]
    is_front: bool


def warnings(document: Document, host: Host) -> list[str]:
    """``FILE:LINE:COLUMN: PATH: TEXT`` for all that cannot work, in order of place."""
    main = document.places[()].value.file
    told: dict[str, tuple[bool, str, int, int]] = {}
    for oddity in _all(document, host):
        spot = _spot(document, oddity.path)
        line = f"{spot}: {dotted(oddity.path)}: {oddity.message}"
        told[line] = (spot.file != main, spot.file, spot.line, spot.column)
    return sorted(told, key=lambda line: told[line])


def oddities(document: Document, host: Host) -> Iterator[tuple[str, str]]:
    """The same, each as its key, ``farms.web.source``, and what is odd with it."""
    for oddity in _all(document, host):
        yield dotted(oddity.path), oddity.message


def _spot(document: Document, path: Path) -> Spot:
    """A key of the text, or the key of the part that has it by default."""
    place: Place = place_of(document.places, path)
    return place.value if path in document.places and len(path) > 2 else place.key


def _all(document: Document, host: Host) -> Iterator[Oddity]:
    owners = _Owners(document.config.profiles)
    for use in _uses(document):
        yield from _profile(document, use, host, owners)
    for name, front in document.config.fronts.items():
        yield from _adaptation(document, name, front, host)
        yield from _greeting(name, front)
        if front.transparent and not host.may(NET_ADMIN) and not host.may(NET_RAW):
            what = "needs CAP_NET_ADMIN for connections that are routed here"
            right = "without it addresses that come later can be had, and no more"
            yield Oddity(("fronts", name, "transparent"), f"{what}: {right}")
        for listen in front.listen:
            yield from _scope(("fronts", name, "listen"), listen, host)
    for name, farm in document.config.farms.items():
        for index, server in enumerate(farm.servers):
            path: Path = ("farms", name, "servers", index)
            yield from _scope(path, server.address, host)
    for path, message in chain(
        loops(document.config),
        farms.oddities(document),
        identity.oddities(document),
        diverted.findings(document.config, host),
        start.oddities(document, host),
        certificates.findings(document, host),
        descriptors.findings(document.config, host),
    ):
        yield Oddity(path, message)


def _uses(document: Document) -> Iterator[Use]:
    config = document.config
    for front in config.fronts.values():
        families = _families(front.listen)
        if front.dual_stack and 6 in families:
            families |= {4}
        yield Use(front.profile, families, is_front=True)
    for farm in config.farms.values():
        families = _families(server.address for server in farm.servers)
        if farm.map is not None:
            families = frozenset({4})
        yield Use(farm.profile, families, is_front=False)


def _families(listens: Iterable[object]) -> frozenset[int]:
    known = (at for at in listens if isinstance(at, Address | PrefixListen))
    return frozenset(at.family for at in known)


def _profile(
    document: Document, use: Use, host: Host, owners: _Owners
) -> Iterator[Oddity]:
    """Everything about one profile where it is used."""
    profile = document.config.profile(use.name)
    for key, message in (
        *_link(profile, use, host),
        *_segments(profile, use, host),
        *_buffers(profile, host),
        *_kernel(profile, use, host),
        *_privileged(profile, use, host),
        *_user_timeout(owners, use.name, profile),
    ):
        yield Oddity(("profiles", owners.of(use.name, key), key), message)


class _Owners:
    """Which profile along the bases sets a key; each is looked for once."""

    def __init__(self, profiles: Mapping[str, Profile]) -> None:
        self.profiles = profiles
        self._known: dict[tuple[str, str], str] = {}

    def of(self, name: str, key: str) -> str:
        """The one that sets *key* for *name*; the last of the bases if none does."""
        trail = [name]
        while (trail[-1], key) not in self._known:
            profile = self.profiles.get(trail[-1])
            if profile is None or key in profile.model_fields_set:
                break
            if profile.base is None or profile.base in BUILT_IN:
                break
            trail.append(profile.base)
        owner = self._known.get((trail[-1], key), trail[-1])
        self._known |= {(step, key): owner for step in trail}
        return owner


def _link(profile: Profile, use: Use, host: Host) -> Iterator[tuple[str, str]]:
    if profile.interface and host.interfaces is not None:
        link = host.interfaces.get(profile.interface)
        if link is None:
            known = ", ".join(sorted(host.interfaces)) or "none"
            what = f"this host has no interface {profile.interface}, it has {known}"
            yield "interface", what
        elif profile.mtu and profile.mtu > link:
            what = f"{profile.mtu} is more than {profile.interface} carries, {link}"
            yield "mtu", what
    for family in sorted(use.families):
        if profile.mtu and profile.mtu < MINIMUM_MTU[family]:
            least = MINIMUM_MTU[family]
            yield "mtu", f"{profile.mtu} is below IPv{family}'s minimum, {least}"


def _segments(profile: Profile, use: Use, host: Host) -> Iterator[tuple[str, str]]:
    mtu = _mtu(profile, host)
    if mtu is None or profile.mss == "auto":
        return
    for family in sorted(use.families):
        mss = SAFE_MSS[family] if isinstance(profile.mss, str) else profile.mss
        headers = IP_HEADER[family] + TCP_HEADER
        if mss > mtu - headers:
            yield (
                "mss",
                f"{mss} does not fit MTU {mtu} on IPv{family}: "
                f"at most {mtu - headers}, which is MTU - {headers}",
            )


def _buffers(profile: Profile, host: Host) -> Iterator[tuple[str, str]]:
    for key, most, limit in (
        ("send_buffer", host.send_buffer_max, "wmem_max"),
        ("receive_buffer", host.receive_buffer_max, "rmem_max"),
    ):
        size = getattr(profile, key)
        if size and most is not None and size > most:
            yield (
                key,
                f"{show_size(size)} is above net.core.{limit}: the kernel caps it at "
                f"{show_size(most)}, then doubles that for bookkeeping",
            )
    for key, most, limit in (
        ("unsent_low_water", host.send_autotuned_max, "tcp_wmem"),
        ("window_clamp", host.receive_autotuned_max, "tcp_rmem"),
    ):
        size = getattr(profile, key)
        if size and most is not None and size > most:
            what = f"{show_size(size)} is above the most of net.ipv4.{limit}"
            yield key, f"{what}, {show_size(most)}: it changes nothing"


def _kernel(profile: Profile, use: Use, host: Host) -> Iterator[tuple[str, str]]:
    wanted, loaded = profile.congestion, host.congestion
    if wanted and loaded is not None and wanted not in loaded:
        known = ", ".join(sorted(loaded))
        right = f"load it (modprobe tcp_{wanted}) or choose another"
        yield "congestion", f"the kernel has no {wanted}, it has {known}: {right}"
    bit = FAST_OPEN_LISTEN if use.is_front else FAST_OPEN_DIAL
    if profile.fast_open and host.fast_open is not None and not host.fast_open & bit:
        now, enough = host.fast_open, host.fast_open | bit
        yield "fast_open", f"net.ipv4.tcp_fastopen is {now}: set it to {enough}"
    if profile.mptcp and use.is_front and host.mptcp is False:
        yield "mptcp", "the kernel has no MPTCP, or net.mptcp.enabled is 0"
    if not use.is_front:
        for key, is_set in (
            ("mptcp", profile.mptcp),
            ("defer_accept", profile.defer_accept is not None),
        ):
            if is_set:
                yield key, "does nothing for a farm: it is for fronts only"


def _privileged(profile: Profile, use: Use, host: Host) -> Iterator[tuple[str, str]]:
    """
    What the kernel does not let this user set: no front would start with it, and every
    dial of a farm would fail, which happens after ``twistd --uid``.
    """
    later = not use.is_front
    admin, raw = host.may(NET_ADMIN, later=later), host.may(NET_RAW, later=later)
    what = "every dial would fail" if later else "no start is possible"
    allowed = host.congestion_allowed
    wanted = profile.congestion
    if wanted and allowed is not None and wanted not in allowed and not admin:
        right = f"add {wanted} to net.ipv4.tcp_allowed_congestion_control"
        yield "congestion", f"{wanted} needs CAP_NET_ADMIN here, {what}: {right}"
    if profile.mark and not admin and not raw:
        yield "mark", f"needs CAP_NET_ADMIN, {what}: keep it, or take the mark out"
    if profile.interface and not raw and (host.release or (5, 7)) < (5, 7):
        yield "interface", f"needs CAP_NET_RAW before Linux 5.7, {what}"


def _user_timeout(
    owners: _Owners, name: str, profile: Profile
) -> Iterator[tuple[str, str]]:
    """Two times for one thing, a peer that is gone, where the first was written."""
    gone, alive = profile.user_timeout, profile.keepalive
    owner = owners.profiles.get(owners.of(name, "user_timeout"))
    if owner is None or "user_timeout" not in owner.model_fields_set:
        return
    if gone is not None and alive is not None and gone < alive.total:
        total = show_seconds(alive.total)
        yield (
            "user_timeout",
            f"{show_seconds(gone)} is below the {total} of keepalive (idle + interval "
            f"* probes): a peer that is gone is given up sooner while data is under "
            f"way than while nothing is; set {total}, or shorten keepalive",
        )


def _mtu(profile: Profile, host: Host) -> int | None:
    if profile.mtu is None and profile.interface:
        return (host.interfaces or {}).get(profile.interface)
    return profile.mtu


def _adaptation(
    document: Document, name: str, front: Front, host: Host
) -> Iterator[Oddity]:
    """Large segments at the back are what the gateway is for, among other things."""
    config = document.config
    ours = _mtu(config.profile(front.profile), host)
    for farm in front.farms:
        theirs = _mtu(config.profile(config.farms[farm].profile), host)
        if ours is not None and theirs is not None and ours >= theirs:
            yield Oddity(
                ("fronts", name, "profile"),
                f"its MTU, {ours}, is not below that of farm {farm}, {theirs}: "
                "nothing is gained by MTU adaptation",
            )


def _greeting(name: str, front: Front) -> Iterator[Oddity]:
    """A deadline that a silent client does not live to be led anywhere before."""
    waits = front.mode == "sni" and DEFAULT in front.to
    if waits and front.timeouts.greeting >= front.timeouts.open:
        what = "a client that says nothing is reset before greeting takes it to default"
        right = f"make it more than {show_seconds(front.timeouts.greeting)}"
        yield Oddity(("fronts", name, "timeouts", "open"), f"{what}: {right}")


def _scope(path: Path, listen: object, host: Host) -> Iterator[Oddity]:
    if not isinstance(listen, Address) or not listen.scope or host.interfaces is None:
        return
    if listen.scope not in host.interfaces and not listen.scope.isdecimal():
        known = ", ".join(sorted(host.interfaces)) or "none"
        what = f"this host has no interface {listen.scope}, it has {known}"
        yield Oddity(path, what)
