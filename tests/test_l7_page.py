"""docs/l7.md: what it shows is what was tried."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from bridge import filters
from bridge.config import load
from bridge.filters.named import use_of

PAGE = (Path(__file__).parent.parent / "docs" / "l7.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


EXAMPLES = blocks("yaml")
PROGRAM, TESTS = blocks("python")


@pytest.fixture
def banners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the page's own filter."""
    (tmp_path / "banners.py").write_text(PROGRAM)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "banners", raising=False)
    return tmp_path


def test_the_pages_filter_passes_the_pages_tests(banners: Path) -> None:
    space: dict[str, object] = {}
    exec(compile(TESTS, "docs/l7.md", "exec"), space)
    tests = [value for name, value in space.items() if name.startswith("test_")]
    assert len(tests) == 2
    for test in tests:
        assert callable(test)
        test()


def test_it_is_short() -> None:
    assert len(PROGRAM.splitlines()) <= 20


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.split()[1])
def test_an_example_loads_and_its_filters_can_be_made(text: str, banners: Path) -> None:
    file = banners / "bridge.yaml"
    file.write_text(text)
    config = load(file, {}).config
    for front in config.fronts.values():
        for own in front.filters:
            use_of(own.use, own.settings)


def test_every_answer_is_explained() -> None:
    told = set(re.findall(r"^\| `(\w+)\(", PAGE, re.M))
    answers = {"Tell", "Meet"}  # of modes
    assert told | answers == {each.__name__ for each in filters.Answer.__args__}
