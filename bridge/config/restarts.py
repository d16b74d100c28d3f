"""
Which changes of a configuration a reload cannot make: what is made once in the life of
a process.

Pure, like ``changes``, whose trees it compares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bridge.config.plain import Tree

ONCE = {
    ("admin", "socket"): "the admin socket stays where it is",
    ("admin", "web"): "page and metrics stay where they are",
    ("admin", "allow_changes"): "the page may change what it might before",
    ("admin", "tls"): "the page has the certificate of before",
    ("admin", "passwords"): "the page asks for the passwords of before",
    ("admin", "names"): "the page is asked by the names of before",
}
"""Keys that are read as the gateway starts and never again; what that means."""


def restarts(old: Mapping[str, Tree], new: Mapping[str, Tree]) -> Iterator[str]:
    """A line for each thing that stays as it was until the gateway starts anew."""
    for path, what in ONCE.items():
        if _at(old, path) != _at(new, path):
            yield f"{'.'.join(path)} needs a restart: until then {what}"


def _at(tree: Tree | Mapping[str, Tree], path: tuple[str, ...]) -> Tree | None:
    """None for what is at its default."""
    for step in path:
        found = tree.get(step) if isinstance(tree, Mapping) else None
        if found is None:
            return None
        tree = found
    return tree if isinstance(tree, str | list | dict) else None
