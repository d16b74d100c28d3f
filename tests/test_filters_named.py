"""Filters by the names of their classes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.filters import About, Filter
from bridge.filters.named import FilterError, class_of, look_in, use_of

MODULE = """
from bridge.filters import Filter, PassRest

class Plain(Filter):
    reads_first = True

class Sized(Filter):
    def __init__(self, about, size, *, unit="B"):
        super().__init__(about)
        if size < 0:
            raise ValueError("no size\\nand more")
        self.size = size, unit

class Any(Filter):
    secures_later = True
    def __init__(self, about, **words):
        self.words = words

class Bare(Filter):
    def __init__(self):
        pass

def made(about):
    return Plain(about)

nothing = None
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where their modules are; all that is imported from there is forgotten."""
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "theirs.py").write_text(MODULE)
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "tags.py").write_text(MODULE)
    look_in(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def message(name: str, **settings: Any) -> str:
    with pytest.raises(FilterError) as caught:
        use_of(name, settings)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_class_is_found_and_what_it_needs_is_known() -> None:
    assert issubclass(class_of("shop.tags:Plain"), Filter)
    plain, many = use_of("theirs:Plain", {}), use_of("theirs:Any", {"a": 1})
    assert (plain.reads_first, plain.secures_later) == (True, False)
    assert (many.reads_first, many.secures_later) == (False, True)


def test_each_session_has_one_of_its_own_made_with_the_settings() -> None:
    use = use_of("theirs:Sized", {"size": 5, "unit": "KiB"})
    about = About(("2001:db8::1", 5), ("2001:db8::80", 25), "mail")
    one, other = use.make(about), use.make(about)
    assert one is not other
    assert one.about is about
    assert one.size == (5, "KiB")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nowhere:A", "there is no module nowhere: install it, or set PYTHONPATH"),
        ("shop.tgas:A", "there is no module shop.tgas"),
        ("theirs.more:A", "there is no module theirs.more"),
        ("theirs:Plian", "theirs has no Plian, did you mean Plain?"),
        ("theirs:zzzzzz", "theirs has no zzzzzz, its filters are: Plain, Sized, Any"),
        ("theirs:made", "theirs:made is no bridge.filters.Filter"),
        ("theirs:nothing", "theirs:nothing is no bridge.filters.Filter"),
        ("json:JSONDecoder", "is no bridge.filters.Filter"),
        ("theirs:Sized", "Sized needs size: give it in with"),
        ("theirs:Bare", "Bare takes no session: write __init__(self, about)"),
    ],
)
def test_what_cannot_be_used_is_told(name: str, why: str) -> None:
    assert why in message(name)


def test_a_setting_that_it_does_not_take_is_named() -> None:
    with pytest.raises(FilterError, match="did you mean size") as caught:
        use_of("theirs:Sized", {"siez": 5})
    assert caught.value.key == "siez"
    with pytest.raises(FilterError, match="does not take this, nor anything else"):
        use_of("theirs:Plain", {"size": 5})
    with pytest.raises(FilterError, match="does not take this"):
        use_of("theirs:Sized", {"size": 5, "about": None})


def test_what_its_own_code_says_is_told_in_one_line_with_its_place(
    folder: Path,
) -> None:
    told = message("theirs:Sized", size=-5)
    assert told == (
        f"theirs:Sized cannot be made: ValueError: no size ({folder}/theirs.py:11)"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import nowhere_else", "No module named 'nowhere_else' ({}:1)"),
        ("\n1 / 0", "broken fails: ZeroDivisionError: division by zero ({}:2)"),
        ("def (", "SyntaxError: invalid syntax (broken.py, line 1)"),
        ("raise SystemExit(3)", "broken fails: SystemExit: 3"),
        ("import sys; sys.exit()", "broken fails: SystemExit"),
        ("raise ValueError('x' * 9999)", "x" * 300 + " ("),
    ],
)
def test_a_module_that_cannot_be_imported_says_why(
    folder: Path, text: str, why: str
) -> None:
    file = folder / "broken.py"
    file.write_text(text)
    assert why.format(file) in message("broken:A")


def test_what_python_finds_by_itself_is_not_hidden(folder: Path) -> None:
    (folder / "json.py").write_text("raise ValueError")
    assert "is no bridge.filters.Filter" in message("json:JSONDecoder")
    look_in(folder)
    assert sys.path.count(str(folder)) == 1
    assert sys.path[-1] == str(folder)
