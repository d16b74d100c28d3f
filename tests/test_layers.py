"""Imports point down only, and some things are said in one file only."""

import ast
from collections.abc import Iterator
from pathlib import Path

import bridge

ROOT = Path(bridge.__file__).parent

LAYERS = (
    ("net",),
    ("farm", "wire", "watch", "config"),
    ("filters",),
    ("session", "doctor"),
    ("control",),
    ("service", "demo"),
    ("processes",),
    ("web",),
    ("tap", "__main__"),
    ("manual",),
)
"""From the ground up.  Folders beside each other do not know each other."""

LEVEL = {folder: level for level, names in enumerate(LAYERS) for folder in names}

PURE = (
    "config",
    "filters",
    "wire",
    "net/address.py",
    "net/bandwidth.py",
    "net/crowd.py",
    "net/door.py",
    "net/fields.py",
    "net/mtu.py",
    "net/names.py",
    "net/prefix_listen.py",
    "net/prefixes.py",
    "net/tlv.py",
    "net/translation.py",
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


def known(path: Path) -> set[str]:
    """
    The modules of ours that *path* knows, as ``net.pump``: for types, too, since what
    two files know of each other has to be understood at once.
    """
    found = set()
    for name in imports(path):
        parts = name.split(".")[1:] if name.startswith("bridge.") else []
        for length in (len(parts), len(parts) - 1):
            if (ROOT / "/".join(parts[:length])).with_suffix(".py").is_file():
                found.add(".".join(parts[:length]))
    return found - {module(path)}


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def circles(arrows: dict[str, set[str]]) -> set[frozenset[str]]:
    """The sets of modules each of which leads to all the others of its set."""
    reached = {name: reach(name, arrows) for name in arrows}
    found = set()
    for name, others in reached.items():
        circle = {other for other in others if name in reached.get(other, ())}
        if circle - {name}:
            found.add(frozenset(circle))
    return found


def reach(start: str, arrows: dict[str, set[str]]) -> set[str]:
    """What *start* leads to, over any number of arrows."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for name in arrows.get(waiting.pop(), ()):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen


def folder(name: str) -> str:
    """``bridge.net.pump`` -> net."""
    return name.split(".")[1]


def test_every_folder_has_its_level() -> None:
    folders = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in files()}
    assert folders - set(LEVEL) == {"__init__"}


def test_imports_point_down_only() -> None:
    wrong = []
    for path in files():
        here = path.relative_to(ROOT).parts[0].removesuffix(".py")
        for name in imports(path):
            if not name.startswith("bridge.") or here == "__init__":
                continue
            there = folder(name)
            if there != here and LEVEL.get(there, -1) >= LEVEL[here]:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_no_modules_run_in_a_circle() -> None:
    arrows = {module(path): known(path) for path in files()}
    assert sorted(map(sorted, circles(arrows))) == []


def test_circles_are_found() -> None:
    arrows = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": {"e"}, "e": set[str]()}
    assert circles(arrows) == {frozenset("abc")}


def test_no_file_is_longer_than_350_lines_and_no_function_than_45() -> None:
    long = [
        f"{module(path)}: {lines} lines"
        for path in files()
        if (lines := len(path.read_text().splitlines())) > 350
    ]
    for path in files():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > 45:
                    long.append(f"{module(path)}.{node.name}: {lines} lines")
    assert long == []


def test_pure_folders_know_no_twisted_no_socket_and_no_clock() -> None:
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


def test_two_files_import_the_global_reactor() -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in files()
        if "twisted.internet.reactor" in imports(path)
    }
    assert users == {"tap.py", "processes/worker.py"}


def test_every_module_says_what_lives_in_it() -> None:
    silent = [str(path) for path in files() if not ast.get_docstring(tree(path))]
    assert silent == []


TYPES_ONLY = {
    "processes.means": "fields, and a protocol",
    "processes.parties": "protocols",
    "processes.generation": "a protocol; the count of workers is test_supervisor's",
    "farm.parties": "protocols",
    "farm.rules": "fields; what they do is test_health's",
    "watch.counters": "fields that others add to",
    "watch.levels": "four words; that these are told is test_log's",
    "config.places": "two texts; that they are the defaults is test_config_admin's",
    "wire.proxy_value": "fields; what is read and written is test_proxy_header's",
    "watch.reading": "fields, which test_exposition and test_numbers_told read",
    "watch.record": "fields; that each gets its own value is test_recording's",
}
"""Modules without a line that could be wrong by itself, and why."""


def test_every_module_has_its_tests() -> None:
    """
    In ``tests/test_<module>.py``, or ``tests/test_<folder>_<module>.py``: of modules of
    one name only one can have the short form.
    """
    tests = {path.stem for path in Path(__file__).parent.glob("test_*.py")}
    without, short = [], dict[str, str]()
    for path in files():
        name = module(path)
        *folders, last = name.split(".")
        if last.startswith("__") or name in TYPES_ONLY:
            continue
        if "_".join(["test", *folders, last]) in tests:
            continue
        if f"test_{last}" not in tests or short.setdefault(last, name) != name:
            without.append(name)
    assert without == []
    assert TYPES_ONLY.keys() <= {module(path) for path in files()}


def test_every_docstring_is_utf_8() -> None:
    r"""Python 3.13 cannot import a module with one that is not, as by \udcff."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for path in files():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            said = (
                ast.get_docstring(node, clean=False) if isinstance(node, kinds) else ""
            )
            strange = [each for each in said or "" if "\ud800" <= each <= "\udfff"]
            assert not strange, f"{path}: begin it with r"
