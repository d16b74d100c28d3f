"""
What the keys of TLS owe each other, and names that clients ask for their farms.

Like ``references``, these read the plain values and pass over what is of the wrong
type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bridge.config.keys import Known
from bridge.config.problems import Flaw, Path, Place, place_of
from bridge.config.scalars import shown
from bridge.net.names import pattern

_RULE, _CA = "client_certificate", "client_ca"
_SKIP = "insecure_skip_verify"


def front_flaws(
    path: Path,
    front: dict[str, Any],
    farms: Known,
    places: Mapping[Path, Place],
) -> Iterator[Flaw]:
    """Everything wrong inside the *front* at *path*; *farms* are those there are."""
    to, mode, tls = front.get("to"), front.get("mode", "stream"), front.get("tls")
    is_sni = mode == "sni"
    if isinstance(to, dict):
        yield from _routes((*path, "to"), to, farms, places)
        if mode in ("stream", "ftp"):
            what = "a map of names belongs to mode sni or http"
            right = "write one of them, or name one farm"
            yield _at_value((*path, "to"), f"{what}: {right}", places)
    elif is_sni and isinstance(to, str):
        what = "mode sni goes by names: give a map of them, like"
        message = f"{what} {{a.example: {to}, default: {to}}}"
        yield _at_value((*path, "to"), message, places)
    if isinstance(tls, dict):
        if is_sni:
            what = "mode sni passes TLS on unopened"
            right = "take this out, or write mode: stream"
            yield _at_key((*path, "tls"), f"{what}: {right}", places)
        yield from _clients((*path, "tls"), tls, places)


def farm_flaws(
    path: Path, farm: dict[str, Any], places: Mapping[Path, Place]
) -> Iterator[Flaw]:
    """Everything wrong with the TLS of the *farm* at *path*."""
    check, tls = farm.get("check"), farm.get("tls")
    if isinstance(check, dict) and check.get("kind") == "tls" and tls in (None, "off"):
        message = "tls checks by the farm's own tls, and it has none: write kind: tcp"
        yield _at_value((*path, "check", "kind"), message, places)
    if not isinstance(tls, dict):
        return
    if "identity" not in tls and tls.get(_SKIP) not in (True, "true"):
        for at, address in _services(path, farm):
            message = "names no host to be verified: give tls an identity"
            yield _at_value(at, f"{shown(address)} {message}", places)
    path = (*path, "tls")
    if "key" in tls and "certificate" not in tls:
        message = "has no certificate to belong to: give one, or take this out"
        yield _at_key((*path, "key"), message, places)
    if "ca" in tls and tls.get(_SKIP) in (True, "true"):
        message = f"does nothing beside {_SKIP}: take one of them out"
        yield _at_key((*path, "ca"), message, places)


def _services(path: Path, farm: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """The servers of *farm* that are found by SRV records, and where they stand."""
    servers = farm.get("servers")
    for index, server in enumerate(servers if isinstance(servers, list) else ()):
        at: Path = (*path, "servers", index)
        if isinstance(server, dict):
            at, server = (*at, "address"), server.get("address")
        if isinstance(server, str) and server.startswith("srv:"):
            yield at, server


def _routes(
    path: Path,
    to: dict[str, Any],
    farms: Known,
    places: Mapping[Path, Place],
) -> Iterator[Flaw]:
    first: dict[str, Path] = {}
    for name, farm in to.items():
        here = (*path, name)
        if isinstance(farm, str) and farms.lacks(farm):
            message = f"no farm is named {shown(farm)}{farms.hint(farm)}"
            yield _at_value(here, message, places)
        try:
            canonical = pattern(name)
        except ValueError:
            continue  # the model reports it
        if first.setdefault(canonical, here) != here:
            where = place_of(places, first[canonical]).key
            message = f"is the same name as at {where}: take one of them out"
            yield _at_key(here, message, places)


def _clients(
    path: Path, tls: dict[str, Any], places: Mapping[Path, Place]
) -> Iterator[Flaw]:
    """Rules for clients' certificates that nobody could obey, or that ask nobody."""
    entries = list(_entries(path, tls))
    used: set[Path | None] = set()
    for at, entry in entries:
        rule = entry.get(_RULE, tls.get(_RULE))
        if rule not in ("optional", "required"):
            continue
        parts = ((at, entry), (path, tls))
        authority = next((where for where, part in parts if _CA in part), None)
        used.add(authority)
        if authority is None:
            here = (*(at if _RULE in entry else path), _RULE)
            message = f"{rule}, and by whose authority? give {_CA} as well"
            yield _at_value(here, message, places)
    for at, part in ((path, tls), *entries):
        if _CA in part and at not in used:
            message = f"does nothing while {_RULE} is none: write optional or required"
            yield _at_key((*at, _CA), message, places)


def _entries(path: Path, tls: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    certificates = tls.get("certificates")
    for index, entry in enumerate(
        certificates if isinstance(certificates, list) else ()
    ):
        if isinstance(entry, dict):
            yield (*path, "certificates", index), entry


def _at_value(path: Path, message: str, places: Mapping[Path, Place]) -> Flaw:
    return Flaw(place_of(places, path).value, path, message)


def _at_key(path: Path, message: str, places: Mapping[Path, Place]) -> Flaw:
    return Flaw(place_of(places, path).key, path, message)
