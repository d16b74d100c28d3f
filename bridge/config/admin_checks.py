"""
Who may reach the page: what the keys of ``admin`` owe each other.

Like ``references``, this reads the plain values and passes over what is of the wrong
type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from bridge.config.places import WEB
from bridge.config.problems import Flaw, Path, Place, place_of
from bridge.net.address import Address

_WEB = ("admin", "web")
_OFF = (None, False, "off")


def flaws(admin: Mapping[str, Any], places: Mapping[Path, Place]) -> Iterator[Flaw]:
    """Everything wrong between the keys of *admin*."""
    web = admin.get("web", WEB)
    missing = [key for key in ("tls", "passwords") if admin.get(key) in _OFF]
    if missing and _is_reached(web):
        cure = {
            "tls": "tls: {certificate: FILE, key: FILE}",
            "passwords": "passwords: FILE (bridgectl password makes its lines)",
        }
        give = " and ".join(cure[key] for key in missing)
        what = f"{web} can be reached from elsewhere"
        right = f'give admin {give}, or serve it on a loopback address, like "{WEB}"'
        yield Flaw(place_of(places, _WEB).value, _WEB, f"{what}: {right}")
    if web in _OFF:
        for key in ("tls", "passwords"):
            if admin.get(key) not in _OFF:
                path = ("admin", key)
                what = "does nothing while web is off: take one of them out"
                yield Flaw(place_of(places, path).key, path, what)


def _is_reached(web: object) -> bool:
    """By others than this host."""
    try:
        return not ip_address(Address.parse(str(web)).host).is_loopback
    except ValueError:
        return False  # off, or the model reports it
