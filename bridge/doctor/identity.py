"""
What is odd about who clients are and who may come in, on any host: it can work, but
hardly as it was meant.

What this host's kernel lacks for it is in ``diverted``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeAlias

from bridge.config import Document
from bridge.config.farm import Farm
from bridge.config.model import Front, SourcePrefix
from bridge.config.problems import Path
from bridge.config.rates import show_bandwidth
from bridge.config.scalars import show_seconds
from bridge.config.secret_keys import PUBLIC
from bridge.config.source import ClientSource
from bridge.net import tlv
from bridge.net.address import Address, UnixPath
from bridge.net.mapping import NOT_GLOBAL
from bridge.net.prefix_listen import PrefixListen
from bridge.net.translation import WELL_KNOWN

LEAST_OPEN = 3.0
"""Seconds in which a header comes although its first segment was lost (PROXY protocol,
section 2, which asks for as many)."""

_USUAL_PREFIX = 64
_BOUNDLESS = 1 << 31
"""IPv4 addresses, half of all: no farm has as many."""
_TOLD = 20
"""Overlaps of one map that are told."""

_Odd: TypeAlias = Iterator[tuple[Path, str]]


def oddities(document: Document) -> _Odd:
    """Each key that is odd, and why."""
    config = document.config
    for name, front in config.fronts.items():
        path: Path = ("fronts", name)
        yield from _accepting(path, front)
        yield from _limits(path, front)
    for name, farm in config.farms.items():
        path = ("farms", name)
        fronts = {n: front for n, front in config.fronts.items() if name in front.farms}
        yield from _header(path, farm, list(fronts.values()))
        yield from _pool(path, farm)
        if farm.map is not None:
            yield from _explicit(path, farm)
            yield from _reached(path, farm)
            yield from _boundless(path, farm, fronts.values())
            for front_name, front in fronts.items():
                yield from _mapped(("fronts", front_name), front, name, farm)


def _accepting(path: Path, front: Front) -> _Odd:
    if not front.accept_proxy.is_written:
        return
    if front.timeouts.open < LEAST_OPEN:
        what = f"{show_seconds(front.timeouts.open)} is short for a PROXY header"
        right = "one lost segment comes again after a second or two: write 3s or more"
        yield (*path, "timeouts", "open"), f"{what}: {right}"
    path = (*path, "accept_proxy")
    for network in front.accept_proxy.networks:
        if network.prefixlen == 0:
            what = f"{network} lets everybody say who he is"
            yield path, f"{what}: allow, deny, limits and logs then mean little"
    families = _families(front)
    if families is not None and not families:
        yield path, "does nothing: who comes by a UNIX socket is in no network"
    for network in front.accept_proxy.networks if families else ():
        if network.version not in (families or ()):
            yield path, f"{network} does nothing: nobody comes by IPv{network.version}"


def _families(front: Front) -> frozenset[int] | None:
    """Those by which somebody may come in; None: not known."""
    found: set[int] = set()
    for listen in front.listen:
        if isinstance(listen, Address):
            both = front.dual_stack and listen.host == "::"
            found |= {4, 6} if both else {listen.family}
        elif isinstance(listen, PrefixListen):
            found.add(6)
        elif not isinstance(listen, UnixPath):
            return None
    return frozenset(found)


def _limits(path: Path, front: Front) -> _Odd:
    limits, path = front.limits, (*path, "limits")
    by_source = limits.per_source is not None or limits.new_per_source is not None
    if not by_source and limits.source_prefix != SourcePrefix():
        what = "does nothing without per_source or new_per_source"
        yield (*path, "source_prefix"), what
    if limits.per_source is not None and limits.per_source >= limits.connections:
        what = f"does nothing: the whole front has {limits.connections} connections"
        yield (*path, "per_source"), what
    session, whole = limits.bandwidth.session, limits.bandwidth.front
    if session is not None and whole is not None and session >= whole:
        what = f"does nothing: the whole front has {show_bandwidth(whole)}"
        yield (*path, "bandwidth", "session"), what


def _header(path: Path, farm: Farm, fronts: list[Front]) -> _Odd:
    """Fields that no session of *fronts* can have."""
    sent = farm.send_proxy
    if sent is None or not fronts:
        return
    path = (*path, "send_proxy")
    proxied = any(front.accept_proxy.is_written for front in fronts)
    if sent.passed and not proxied:
        what = "does nothing: no front that leads here has accept_proxy"
        yield (*path, "pass"), what
    secured = [front.tls for front in fronts if front.tls is not None]
    named = bool(secured) or any(front.mode == "sni" for front in fronts)
    for kind, is_known, needed in (
        (tlv.SSL, bool(secured), "tls"),
        (tlv.ALPN, any(tls.alpn for tls in secured), "alpn in its tls"),
        (tlv.AUTHORITY, named, "tls or mode sni"),
    ):
        if kind in sent.added and not is_known:
            field = next(name for name, other in tlv.ADDED.items() if other == kind)
            what = f"{field} does nothing: no front that leads here has {needed}"
            yield (*path, "add"), what


def _pool(path: Path, farm: Farm) -> _Odd:
    if farm.pool is None:
        return
    path = (*path, "source")
    if isinstance(farm.source, ClientSource):
        path = (*path, "otherwise")
    if farm.pool.key.get_secret_value() == PUBLIC:
        what = "without a key of your own everybody can compute whose pseudonym is"
        yield (*path, "key"), f"{what} whose, and share another's: write key: ${{KEY}}"
    if farm.pool.per > _USUAL_PREFIX:
        what = f"a host that has a /{_USUAL_PREFIX} has a new pseudonym whenever it"
        yield (*path, "per"), f"{what} takes another address of it"


def _explicit(path: Path, farm: Farm) -> _Odd:
    assert farm.map is not None
    table = farm.map.mapping().eam
    path = (*path, "map", "eam")
    place = {entry: index for index, entry in enumerate(table.entries)}
    for outer, inner in islice(table.overlaps(), _TOLD):
        what = f"{inner} has addresses of {outer}, of which the longer prefix counts"
        yield (*path, place[inner]), f"{what}: one way may not lead back by the other"
    for index, entry in enumerate(table.entries):
        if not any(entry.back.overlaps(network) for network in farm.map.to):
            what = f"leads to {entry.back}, of which `to` has nothing"
            yield (*path, index), f"{what}: all of it is refused"


def _reached(path: Path, farm: Farm) -> _Odd:
    assert farm.map is not None
    prefix, path = farm.map.prefix, (*path, "map", "to")
    backs = [entry.back for entry in farm.map.eam]
    for index, network in enumerate(farm.map.to):
        explicit = any(network.overlaps(back) for back in backs)
        if prefix is None and not explicit:
            yield (*path, index), f"no address of eam leads to {network}"
        private = next((each for each in NOT_GLOBAL if network.overlaps(each)), None)
        if prefix == WELL_KNOWN and private is not None and not explicit:
            what = f"{WELL_KNOWN} carries global addresses only"
            yield (*path, index), f"{what} (RFC 6052, section 3.1): not {private}"


def _boundless(path: Path, farm: Farm, fronts: Iterable[Front]) -> _Odd:
    """A map that is an open proxy but for what it never leads to."""
    assert farm.map is not None
    most = sum(network.num_addresses for network in farm.map.to)
    if most >= _BOUNDLESS and not all(front.allow for front in fronts):
        what = "leads nearly everywhere, and everybody may come in: an open proxy"
        right = "write the servers' own networks, or an allow in front"
        yield (*path, "map", "to"), f"{what}: {right}"


def _mapped(path: Path, front: Front, name: str, farm: Farm) -> _Odd:
    """Where *front* takes clients that the map of the farm *name* refuses all."""
    assert farm.map is not None
    if (
        front.accept_proxy.is_written
    ):  # what headers say that clients want is not known here
        return
    ports = farm.map.ports
    refused = {
        listen.port: None
        for listen in front.listen
        if isinstance(listen, Address | PrefixListen)
        and ports is not None
        and listen.port
        and listen.port not in ports
    }
    for port in refused:
        what = f"port {port} is not among the ports of the map of farm {name}"
        yield (*path, "listen"), f"{what}: its sessions are refused"
    if front.dual_stack:
        what = f"the map of farm {name} leads IPv4 clients nowhere"
        yield (*path, "dual_stack"), f"{what}: they are refused"
