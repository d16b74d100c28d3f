"""Imports point down only, and some things are said in one file only."""

import ast
from collections.abc import Iterator
from pathlib import Path

import bridge

ROOT = Path(bridge.__file__).parent

LAYERS = (
    ("net",),
    ("farm", "wire", "watch", "config"),
    ("session", "doctor"),
    ("control",),
    ("service", "demo"),
    ("tap", "__main__"),
)
"""From the ground up.  Rooms beside each other do not know each other."""

LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}

PURE = (
    "config",
    "wire",
    "net/address.py",
    "net/mtu.py",
    "net/names.py",
    "session/flow.py",
)
IMPURE_MODULES = {"twisted", "socket", "select", "time", "zope", "asyncio", "threading"}


def files() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def imports(path: Path) -> Iterator[str]:
    """Every module that *path* imports when it runs, as dotted names."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(name: str) -> str:
    """``bridge.net.pump`` -> net."""
    return name.split(".")[1]


def test_every_room_has_its_level() -> None:
    rooms = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in files()}
    assert rooms - set(LEVEL) == {"__init__"}


def test_imports_point_down_only() -> None:
    wrong = []
    for path in files():
        here = path.relative_to(ROOT).parts[0].removesuffix(".py")
        for name in imports(path):
            if not name.startswith("bridge.") or here == "__init__":
                continue
            there = room(name)
            if there != here and LEVEL.get(there, -1) >= LEVEL[here]:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_pure_rooms_know_no_twisted_no_socket_and_no_clock() -> None:
    wrong = []
    for path in files():
        relative = str(path.relative_to(ROOT))
        if relative.startswith(PURE):
            used = {name.split(".")[0] for name in imports(path)}
            wrong += [f"{relative}: {name}" for name in used & IMPURE_MODULES]
    assert wrong == []


def calls_of(attribute: str) -> set[str]:
    """The files that call something named *attribute*."""
    found = set()
    for path in files():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call):
                target = node.func
                name = getattr(target, "attr", None) or getattr(target, "id", None)
                if name == attribute:
                    found.add(str(path.relative_to(ROOT)))
    return found


def test_one_file_sets_socket_options() -> None:
    assert calls_of("setsockopt") == {"net/sockopt.py"}


def test_one_file_splices() -> None:
    assert calls_of("splice") == {"net/splice.py"}


def test_one_file_imports_the_global_reactor() -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in files()
        if "twisted.internet.reactor" in imports(path)
    }
    assert users == {"tap.py"}


def test_every_module_says_what_lives_in_it() -> None:
    silent = [str(path) for path in files() if not ast.get_docstring(tree(path))]
    assert silent == []
