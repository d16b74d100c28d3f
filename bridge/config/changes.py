"""
What changed from one configuration to another, a line a key, and what of it a reload
cannot do.

Pure: two plain trees in (``plain``), text out.  Secrets are not in those, so that a
line about one only says that it is another.

    fronts.web.to: web → other
    fronts.web.timeouts.idle: 1h → 5m
    fronts.mail: new
    farms.web.servers.b: gone
    farms.web.hash_key: changed
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeGuard

from bridge.config.keys import ITEM, NAME, ROOT, Key, find
from bridge.config.model import Config
from bridge.config.plain import ORDERED, SECRET, Tree, plain
from bridge.config.restarts import restarts

MOST = 50
"""Lines that are told of the changes; of the others only how many they are."""

_LONGEST = 120
"""Characters of one value in a line."""

_ITEMS = 4
"""Items of a list that a line names."""

_SALT = b"compared in this process"


@dataclass(frozen=True, slots=True)
class Changes:
    """The differences of two configurations; false where there are none."""

    found: tuple[str, ...]
    """A line for each key."""
    restarts: tuple[str, ...]
    """What a reload leaves as it was, each a line that says so."""

    def __bool__(self) -> bool:
        return bool(self.found)

    def lines(self, most: int = MOST) -> Iterator[str]:
        """
        The first *most* of the changes, how many more there are, and every restart.
        """
        yield from islice(self.found, most)
        more = len(self.found) - most
        if more > 0:
            yield f"and {more:,} more {'change' if more == 1 else 'changes'}"
        yield from self.restarts


def changes(old: Config, new: Config) -> Changes:
    """What *new* says that *old* does not, and the other way round."""
    return between(plain(old, _SALT), plain(new, _SALT))


def between(old: Mapping[str, Tree], new: Mapping[str, Tree]) -> Changes:
    """The same for plain trees; both were made with the same salt."""
    found = tuple(f"{_path(path)}: {what}" for path, what in _maps((), old, new))
    return Changes(found, tuple(restarts(old, new)) if found else ())


_Path = tuple[str, ...]


def _maps(
    path: _Path, old: Mapping[str, Tree], new: Mapping[str, Tree]
) -> Iterator[tuple[_Path, str]]:
    """What two maps differ in, in the order of the new one and then of the old."""
    for key in dict.fromkeys((*new, *old)):
        here, was, now = (*path, key), old.get(key), new.get(key)
        if _is_map(was) and _is_map(now):
            yield from _maps(here, was, now)
            yield from _order(here, was, now)
        elif was is None and _is_map(now):
            yield from _appears(here, now, "new")
        elif now is None and _is_map(was):
            yield from _appears(here, was, "gone")
        elif was != now:
            yield here, _single(here, was, now)


def _is_map(tree: Tree | None) -> TypeGuard[dict[str, Tree]]:
    return isinstance(tree, dict) and SECRET not in tree


def _appears(
    path: _Path, tree: Mapping[str, Tree], word: str
) -> Iterator[tuple[_Path, str]]:
    """
    A map that is there now, or is no more: one line, but where a file need not have it
    for its keys to have their values, a line for each of those.
    """
    key = _key(path)
    named = key is None or key.path.endswith((NAME, ITEM))
    if named or (key is not None and key.default in ("", "off", "none")):
        yield path, word
        return
    before, after = ({}, tree) if word == "new" else (tree, {})
    yield from _maps(path, before, after)


def _order(
    path: _Path, old: Mapping[str, Tree], new: Mapping[str, Tree]
) -> Iterator[tuple[_Path, str]]:
    """Whether those in both stand in another order, where that counts."""
    if path[-1] == ORDERED:
        kept = [key for key in old if key in new]
        if kept != [key for key in new if key in old]:
            yield path, "in another order"


def _single(path: _Path, old: Tree | None, new: Tree | None) -> str:
    """One key of which a value is no map."""
    if any(isinstance(each, dict) and SECRET in each for each in (old, new)):
        return "new" if old is None else "gone" if new is None else "changed"
    if isinstance(old, list) and isinstance(new, list):
        return _lists(old, new)
    return f"{_shown(path, old)} → {_shown(path, new)}"


def _lists(old: Sequence[str], new: Sequence[str]) -> str:
    if max(len(old), len(new)) <= _ITEMS:
        return f"{_list(old)} → {_list(new)}"
    before, after = set(old), set(new)
    added = [item for item in new if item not in before]
    gone = [item for item in old if item not in after]
    told = [
        f"{word} {_some(items)}"
        for word, items in (("added", added), ("taken out", gone))
        if items
    ]
    return "; ".join(told) or "in another order"


def _shown(path: _Path, tree: Tree | None) -> str:
    """A value; of a key that is not there, its default."""
    if tree is None:
        key = _key(path)
        if path[:1] == ("profiles",) or key is None:
            return "not set"
        return _cut(key.default) if key.default else "none"
    if isinstance(tree, list):
        return _list(tree)
    if isinstance(tree, dict):
        if SECRET in tree:
            return "…"
        pairs = (f"{key}: {_shown((*path, key), each)}" for key, each in tree.items())
        inside = ", ".join(islice(pairs, _ITEMS))
        return "{" + inside + (", …}" if len(tree) > _ITEMS else "}")
    return _cut(tree)


def _key(path: _Path) -> Key | None:
    """What the model says of it; lists of maps are maps here."""
    key: Key | None = ROOT
    for step in path:
        if key is not None:
            key = find([0 if ITEM in key.below else step], key)
    return key


def _list(items: Sequence[str]) -> str:
    return f"[{_some(items)}]" if len(items) != 1 else _cut(items[0])


def _some(items: Sequence[str]) -> str:
    more = len(items) - _ITEMS
    told = ", ".join(map(_cut, items[:_ITEMS]))
    return f"{told} and {more:,} more" if more > 0 else told


def _cut(text: str) -> str:
    """Of bounded length, and without what a terminal or a log would obey."""
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def _path(path: _Path) -> str:
    return _cut(".".join(path))
