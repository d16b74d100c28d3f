"""
What the keys of one farm owe each other: servers' names, a check's keys.

Like ``references``, these read the plain values and pass over what is of the wrong
type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bridge.config.addresses import server_address
from bridge.config.check import KEYS_OF, PRODUCTS
from bridge.config.problems import Flaw, Path, Place, place_of
from bridge.config.scalars import seconds, show_seconds, shown, switch


def flaws(path: Path, farm: dict[str, Any], places: Mapping[Path, Place]) -> list[Flaw]:
    """Everything wrong inside the *farm* at *path*."""
    found = [*_check(path, farm, places), *_header(path, farm, places)]
    servers = farm.get("servers")
    if isinstance(servers, list):
        found += _names((*path, "servers"), servers, places)
        found += _backups((*path, "servers"), servers, places)
    return found


def _names(path: Path, servers: list[Any], places: Mapping[Path, Place]) -> list[Flaw]:
    """Two servers of one name; the later one is at fault."""
    first: dict[str, Path] = {}
    found = []
    for index, server in enumerate(servers):
        name, key = _name(server)
        here = (*path, index, *key)
        if name is None or first.setdefault(name, here) == here:
            continue
        where = place_of(places, first[name]).value
        message = f"{shown(name)} names another server already, at {where}"
        right = "give this one a name of its own"
        found.append(Flaw(place_of(places, here).value, here, f"{message}: {right}"))
    return found


def _name(server: Any) -> tuple[str | None, tuple[str, ...]]:
    """The name of a server, and the key below it that gives the name."""
    key: tuple[str, ...] = ()
    name = server
    if isinstance(server, dict):
        key = ("name",) if "name" in server else ("address",)
        name = server.get(key[0])
    if not isinstance(name, str):
        return None, key
    return (name if key == ("name",) else _canonical(name)), key


def _canonical(address: str) -> str:
    try:
        return str(server_address(address))
    except ValueError:
        return address


def _backups(
    path: Path, servers: list[Any], places: Mapping[Path, Place]
) -> Iterator[Flaw]:
    if servers and all(_is_backup(server) for server in servers):
        message = "every server is a backup, and of whom: take the mark off one"
        yield Flaw(place_of(places, path).value, path, message)


def _is_backup(server: Any) -> bool:
    try:
        return isinstance(server, dict) and switch(server.get("backup", False))
    except ValueError:
        return False  # the model reports it


def _check(
    path: Path, farm: dict[str, Any], places: Mapping[Path, Place]
) -> Iterator[Flaw]:
    check, path = farm.get("check"), (*path, "check")
    if not isinstance(check, dict):
        return
    kind, known = check.get("kind", "tcp"), ("tcp", "tls", *PRODUCTS, *KEYS_OF)
    for other, keys in KEYS_OF.items():
        # A check that is switched off may keep its keys until it is switched on.
        for key in keys if kind in known and kind != other else ():
            if key in check:
                here = (*path, key)
                message = f"belongs to kind {other}, and this check is of kind {kind}"
                yield Flaw(place_of(places, here).key, here, message)
    if kind == "exchange" and "expect" not in check:
        here = (*path, "expect")
        message = "is missing: kind exchange needs it, like expect: +PONG"
        yield Flaw(place_of(places, path).key, here, message)
    yield from _in_time(path, check, places)


def _header(
    path: Path, farm: dict[str, Any], places: Mapping[Path, Place]
) -> Iterator[Flaw]:
    header, path = farm.get("send_proxy"), (*path, "send_proxy")
    if not isinstance(header, dict) or header.get("version") != "v1":
        return
    for key in ("pass", "add"):
        if key in header:
            here = (*path, key)
            message = "belongs to version v2: a header of v1 has no fields"
            yield Flaw(place_of(places, here).key, here, message)


def _in_time(
    path: Path, check: dict[str, Any], places: Mapping[Path, Place]
) -> Iterator[Flaw]:
    """Else an interval would be written that cannot be kept."""
    try:
        timeout = seconds(check.get("timeout", 0))
        interval = seconds(check.get("interval", 2))
    except ValueError:
        return  # the model reports it
    if timeout > interval > 0:
        here = (*path, "timeout")
        most = show_seconds(interval)
        message = f"{show_seconds(timeout)} is above the interval: at most {most}"
        yield Flaw(place_of(places, here).value, here, message)
