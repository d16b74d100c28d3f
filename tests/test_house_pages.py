"""The pages about the code name what is there: every module, and no other file."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

import bridge

HERE = Path(__file__).parent.parent
HOUSE = Path(bridge.__file__).parent
PAGE = (HERE / "docs" / "architecture.md").read_text()
FOLDERS = sorted(path.parent.name for path in HOUSE.glob("*/__init__.py"))


def told(folder: str) -> set[str]:
    """The words of the house's map after *folder*, up to the next one's."""
    found = re.search(rf"^  {folder}/ (.*(?:\n {{10,}}.*)*)", PAGE, re.M)
    assert found is not None, f"the map lacks {folder}/"
    return set(re.findall(r"[\w*]+", found[1]))


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_map_names_every_module(folder: str) -> None:
    words = told(folder)
    modules = {path.stem for path in (HOUSE / folder).glob("[!_]*.py")}
    missing = {
        name for name in modules if not any(fnmatch(name, word) for word in words)
    }
    assert not missing, f"docs/architecture.md, the house: add to {folder}/"


def test_files_that_pages_name_are_there() -> None:
    files = set[str]()
    for name in ("architecture.md", "extending.md"):
        text = (HERE / "docs" / name).read_text()
        files |= set(re.findall(r"`((?:bridge|tests)/[\w/]+(?:\.py)?)/?`", text))
    assert len(files) > 10
    assert [name for name in sorted(files) if not (HERE / name).exists()] == []


def test_files_of_folders_that_the_page_names_are_there() -> None:
    """``session/flow.py`` is short for that of bridge."""
    names = set(re.findall(rf"`((?:{'|'.join(FOLDERS)})/\w+\.py)`", PAGE))
    assert len(names) > 10
    assert [name for name in sorted(names) if not (HOUSE / name).exists()] == []
