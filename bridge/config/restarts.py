"""
Which changes of a configuration a reload cannot make: what is once in the life of a
process, or of a listening socket.

Pure, like ``changes``, whose trees it compares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bridge.config.plain import Tree
from bridge.config.profile import BUILT_IN

LISTENER = {"mptcp": "false"}
"""
Keys of a profile that hold from the moment a socket is made, with their defaults.

Whether it speaks Multipath TCP is said in socket(2) and never changed.
"""


def restarts(old: Mapping[str, Tree], new: Mapping[str, Tree]) -> Iterator[str]:
    """A line for each thing that stays as it was until the gateway starts anew."""
    before, after = _map(old, "fronts"), _map(new, "fronts")
    for name in after:
        if name not in before:
            continue
        was, now = _map(before, name), _map(after, name)
        if set(_listed(was)).isdisjoint(_listed(now)):
            continue  # its sockets are new
        for key, default in LISTENER.items():
            values = [
                _tuned(tree, str(front.get("profile", "wan")), key, default)
                for tree, front in ((old, was), (new, now))
            ]
            if values[0] != values[1]:
                yield (
                    f"fronts.{name}: {key} {values[0]} → {values[1]} needs a restart, "
                    "for sockets that listen already keep it"
                )


def _tuned(tree: Mapping[str, Tree], profile: str, key: str, default: str) -> str:
    """What *profile* sets *key* to, itself or along its ``base``."""
    profiles, step = _map(tree, "profiles"), profile
    while step not in BUILT_IN and step in profiles:
        here = _map(profiles, step)
        if key in here:
            return str(here[key])
        step = str(here.get("base", ""))
    return default


def _listed(front: Mapping[str, Tree]) -> list[str]:
    listen = front.get("listen", [])
    return listen if isinstance(listen, list) else []


def _map(tree: Mapping[str, Tree], key: str) -> Mapping[str, Tree]:
    found = tree.get(key)
    return found if isinstance(found, dict) else {}
