"""
What a front's mode owes its other keys: those of another mode, and those that together
could only fail.

Like ``references``, this reads the plain values and passes over what is of the wrong
type.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any

from bridge.config.ftp import DEFAULT, ports
from bridge.config.listen_checks import items
from bridge.config.problems import Flaw, Path, Place, place_of
from bridge.config.scalars import shown, switch
from bridge.net.address import WILDCARDS, Address, parse_listen

MODES = ("http", "ftp")
"""Those that have a key of their name."""

_H2 = "h2"


def flaws(
    fronts: Mapping[str, dict[str, Any]],
    farms: Mapping[str, dict[str, Any]],
    places: Mapping[Path, Place],
) -> Iterator[Flaw]:
    """Everything wrong with what belongs to a mode."""
    taken: _Taken | None = None
    for name, front in fronts.items():
        path: Path = ("fronts", name)
        mode = front.get("mode", "stream")
        for key in MODES:
            if key in front and key != mode:
                right = f"write mode: {key}, or take this out"
                message = f"belongs to mode {key}, and this front has another: {right}"
                yield Flaw(place_of(places, (*path, key)).key, (*path, key), message)
        if mode == "http":
            yield from _http(path, front, places)
        elif mode == "ftp":
            taken = taken or _Taken(fronts)
            yield from _ftp(path, front, taken, places)
    yield from _farms(fronts, farms, places)
    for farm, name in _used(fronts, "ftp").items():
        who = f"front {name} has mode ftp, which"
        yield from _in_the_clear(("farms", farm), farms.get(farm), who, places)


def _http(
    path: Path, front: dict[str, Any], places: Mapping[Path, Place]
) -> Iterator[Flaw]:
    tls, http = front.get("tls"), front.get("http")
    if not isinstance(tls, dict):
        return
    yield from _no_h2((*path, "tls", "alpn"), tls, "mode http speaks", places)
    if isinstance(http, dict) and _is_on(http.get("redirect_to_https")):
        here = (*path, "http", "redirect_to_https")
        what = "this front has TLS, and would redirect to itself"
        right = "take it out, and write it at the front of port 80"
        yield Flaw(place_of(places, here).value, here, f"{what}: {right}")


def _farms(
    fronts: Mapping[str, dict[str, Any]],
    farms: Mapping[str, dict[str, Any]],
    places: Mapping[Path, Place],
) -> Iterator[Flaw]:
    """Servers that might answer in another protocol than a front of mode http reads."""
    for farm, front_name in _used(fronts, "http").items():
        tls = farms.get(farm, {}).get("tls")
        if isinstance(tls, dict):
            path: Path = ("farms", farm, "tls", "alpn")
            yield from _no_h2(path, tls, f"front {front_name} has mode http,", places)


def _used(fronts: Mapping[str, dict[str, Any]], mode: str) -> dict[str, str]:
    """The farms that fronts of *mode* lead to, each with one of those."""
    used: dict[str, str] = {}
    for name, front in fronts.items():
        if front.get("mode") == mode:
            to = front.get("to")
            for farm in to.values() if isinstance(to, dict) else (to,):
                if isinstance(farm, str):
                    used.setdefault(farm, name)
    return used


def _in_the_clear(
    path: Path, part: Any, who: str, places: Mapping[Path, Place]
) -> Iterator[Flaw]:
    """FTP's own TLS begins with AUTH; ours would leave the data unprotected."""
    if isinstance(part, dict) and isinstance(part.get("tls"), dict):
        here = (*path, "tls")
        message = (
            f"{who} reads what is said in the clear, and data would be, too: take it "
            "out; AUTH TLS leads to the server's own"
        )
        yield Flaw(place_of(places, here).key, here, message)


def _no_h2(
    path: Path, tls: dict[str, Any], who: str, places: Mapping[Path, Place]
) -> Iterator[Flaw]:
    alpn = tls.get("alpn")
    if alpn == _H2:
        here = path
    elif isinstance(alpn, list) and _H2 in alpn:
        here = (*path, alpn.index(_H2))
    else:
        return
    message = f"{who} HTTP/1.1 and not h2: write [http/1.1]"
    yield Flaw(place_of(places, here).value, here, message)


def _is_on(value: object) -> bool:
    try:
        return switch(value)
    except ValueError:
        return False


def _ftp(
    path: Path, front: dict[str, Any], taken: _Taken, places: Mapping[Path, Place]
) -> Iterator[Flaw]:
    for at, item in items(str(path[1]), front):
        if item.startswith("unix:"):
            what = "mode ftp has data connections, which need an address"
            message = f"{shown(item)} is none, and {what}: write one"
            yield Flaw(place_of(places, at).value, at, message)
        elif item.endswith("]:*"):
            what = "every port is this front's, also those of data connections"
            message = f"{what}: write the one of FTP, like {item[:-1]}21"
            yield Flaw(place_of(places, at).value, at, message)
    yield from _in_the_clear(path, front, "mode ftp", places)
    written = front.get("ftp")
    try:
        found = written.get("ports") if isinstance(written, dict) else None
        opened = DEFAULT if found is None else ports(found)
    except ValueError:
        return  # the model reports it
    hosts = {listen.host for _, listen in _addresses(str(path[1]), front)}
    other = taken.within(opened, hosts)
    if other is not None:
        port, listener = other
        here = (*path, "ftp", "ports")
        what = f"{port} is listened on, at {place_of(places, listener)}"
        message = f"{what}: choose other ports"
        yield Flaw(place_of(places, here).value, here, message)


class _Taken:
    """The ports that all fronts listen on, by host."""

    def __init__(self, fronts: Mapping[str, Any]) -> None:
        self._at: dict[str, list[tuple[int, Path]]] = {"": []}
        """Under no name those of all hosts."""
        for name, front in fronts.items():
            for path, listen in _addresses(name, front):
                for host in (listen.host, ""):
                    self._at.setdefault(host, []).append((listen.port, path))
        for listeners in self._at.values():
            listeners.sort(key=itemgetter(0))

    def within(self, opened: range, hosts: set[str]) -> tuple[int, Path] | None:
        """A port of *opened* that somebody listens on at one of *hosts*."""
        near = {""} if hosts.intersection(WILDCARDS) else hosts.union(WILDCARDS)
        for host in near:
            listeners = self._at.get(host, [])
            first = bisect_left(listeners, opened[0], key=itemgetter(0))
            if first < len(listeners) and listeners[first][0] in opened:
                return listeners[first]
        return None


def _addresses(name: str, front: Any) -> Iterator[tuple[Path, Address]]:
    for at, item in items(name, front):
        try:
            listens = parse_listen(item)
        except ValueError:
            continue  # the model reports it
        yield from ((at, each) for each in listens if isinstance(each, Address))
