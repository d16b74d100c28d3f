"""
Nodes to plain values, each with the place where it stands.

Everything wrong is collected, not raised: the operator gets all errors at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from bridge.config.problems import Flaw, Path, Place, Spot
from bridge.config.syntax import (
    CORE,
    MAX_DEPTH,
    MAX_NODES,
    ZEROS,
    compose,
    lines_of,
    spot,
)

_VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>[^}]*)\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST_NUMBER = 40  # digits; int() of thousands is slow, and then refused


@dataclass
class Tree:
    """One file as plain values, with what is wrong in it so far."""

    file: str
    lines: list[str]
    values: Any = None
    places: dict[Path, Place] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)
    is_yaml: bool = True
    """False where the text has no values at all, only its one flaw."""
    text: str = ""
    """What it was built from."""


def build(text: str, file: str, environment: Mapping[str, str]) -> Tree:
    """
    Read *text*, called *file* in places.  ``${NAME}`` inside scalars becomes what
    *environment* holds: after parsing, as text, so that no value makes a key or list.
    """
    tree = Tree(file, lines_of(text), text=text)
    top = Spot(file, 1, 1)
    tree.places[()] = Place(top, top)
    root = compose(text, file)
    if isinstance(root, Flaw):
        tree.flaws.append(root)
        tree.is_yaml = False
    elif root is not None:
        tree.values = _Builder(tree, environment).value(root, (), top)
        tree.places[()] = Place(top, top)
    return tree


class _Builder:
    """Walks the nodes of one file once."""

    def __init__(self, tree: Tree, environment: Mapping[str, str]) -> None:
        self._tree = tree
        self._environment = environment
        self._above: set[int] = set()
        self._left = MAX_NODES

    def value(self, node: Node, path: Path, key: Spot | None) -> Any:
        """The plain value of *node*; *key* is where its key stands, if it has one."""
        at = spot(self._tree.file, node.start_mark)
        empty = node.start_mark.index == node.end_mark.index
        at = key if empty and key else at
        self._tree.places[path] = Place(at, key or at)
        self._left -= 1
        if id(node) in self._above:
            return self._flaw(at, path, "contains itself: an alias inside its anchor")
        if self._left < 0 or len(path) > MAX_DEPTH:
            return self._too_much(at, path)
        self._above.add(id(node))
        plain = self._plain(node, path, at)
        self._above.discard(id(node))
        return plain

    def _plain(self, node: Node, path: Path, at: Spot) -> Any:
        tag = node.tag.removeprefix(CORE) if node.tag.startswith(CORE) else ""
        if isinstance(node, MappingNode) and tag == "map":
            return self._map(node, path)
        if isinstance(node, SequenceNode) and tag == "seq":
            items = enumerate(node.value)
            return [self.value(item, (*path, i), None) for i, item in items]
        if isinstance(node, ScalarNode) and tag in _READ:
            return self._scalar(str(node.value), tag, path, at)
        return self._flaw(at, path, f"has the tag {node.tag}: leave it out")

    def _map(self, node: MappingNode, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            at = spot(self._tree.file, key.start_mark)
            if not isinstance(key, ScalarNode):
                self._flaw(at, path, "a key must be text: quote an address in brackets")
                continue
            name = str(key.value)
            step = (*path, name)
            if name == "<<" and key.style is None:
                right = "repeat the keys, or give profiles a base"
                self._flaw(at, step, f"merge keys are YAML 1.1 only: {right}")
            elif name in values:
                first = self._tree.places[step].key
                self._flaw(at, step, f"is written twice: first at {first}")
            else:
                values[name] = self.value(value, step, at)
        return values

    def _scalar(self, text: str, tag: str, path: Path, at: Spot) -> Any:
        if tag == "str":
            return self._replaced(text, path, at)
        if tag == "null":
            return self._flaw(at, path, "has no value: write one, or leave the key out")
        if tag == ZEROS:
            plain = text.lstrip("+-0") or "0"
            right = f'write {plain}, 0o{plain} or "{text}"'
            return self._flaw(at, path, f"a number has no leading zeros: {right}")
        try:
            return _READ[tag](text)
        except ValueError:  # too long, or an explicit tag on other text: !!int x
            return self._flaw(at, path, f"{text[:_LONGEST_NUMBER]!r} is no {tag}")

    def _replaced(self, text: str, path: Path, at: Spot) -> str:
        template = _is_template(path)

        def value(match: re.Match[str]) -> str:
            name = match["name"]
            if template and (name is None or name == name.lower()):
                return match[0]
            if name is None:
                return "$"
            if not _NAME.fullmatch(name) or not match[0].endswith("}"):
                right = "write ${NAME}, or $$ for a dollar sign"
                self._flaw(at, path, f"{match[0]!r} is no variable: {right}")
            elif name not in self._environment:
                right = f"set it, or write $${{{name}}} for the text itself"
                self._flaw(at, path, f"{name} is not in the environment: {right}")
            found = self._environment.get(name, match[0])
            return found.replace("$", "$$") if template else found

        return _VARIABLE.sub(value, text)

    def _too_much(self, at: Spot, path: Path) -> None:
        """The composer bounds what is written; this bounds what aliases make of it."""
        if self._tree.is_yaml:  # once is enough
            self._flaw(at, path, f"aliases make more than {MAX_NODES} values of this")
            self._tree.is_yaml = False

    def _flaw(self, at: Spot, path: Path, message: str) -> Any:
        """Notes what is wrong; None, for the place where a value should be."""
        self._tree.flaws.append(Flaw(at, path, message))


def _is_template(path: Path) -> bool:
    """
    Whether what stands there is filled in anew for each request (``net.fields``).

    Names without a capital letter are left for that, and what the environment says is
    not read as such a name.
    """
    return path[:1] == ("fronts",) and path[2:4] == ("http", "headers")


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(text)
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    return int(text, base)


def _number(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


# ZEROS, null and text have no reader: what they are needs no conversion.
_READ: Mapping[str, Callable[[str], Any]] = {
    "bool": _truth,
    "int": _integer,
    "float": _number,
    "null": str,
    "str": str,
    ZEROS: str,
}
