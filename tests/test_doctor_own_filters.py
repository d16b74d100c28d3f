"""Filters of one's own in a configuration: each fault at its place, with 78."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.config import ConfigError
from bridge.config.problems import Problem
from bridge.control import bridgectl
from bridge.doctor import Host, read

TEXT = """
fronts:
  web:
    listen: "[::1]:8080"
    to: web
    filters: {filters}
farms: {{web: {{servers: [192.0.2.1:80]}}}}
"""

MODULE = """
from bridge.filters import Filter

class Tags(Filter):
    def __init__(self, about, size=0):
        super().__init__(about)

class Later(Filter):
    secures_later = True
"""


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def written(folder: Path, filters: str, more: str = "") -> Path:
    (folder / "own_of_test.py").write_text(MODULE)
    file = folder / "bridge.yaml"
    file.write_text(TEXT.format(filters=filters) + more)
    return file


def problems(folder: Path, filters: str, more: str = "") -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        read(written(folder, filters, more), {}, Host(now=0.0))
    return caught.value.problems


def test_modules_beside_the_configuration_are_found(tmp_path: Path) -> None:
    filters = "[own_of_test:Tags, {use: own_of_test:Tags, with: {size: 5}}]"
    document = read(written(tmp_path, filters), {}, Host(now=0.0))
    assert len(document.config.fronts["web"].filters) == 2


@pytest.mark.parametrize(
    ("filters", "column", "path", "message"),
    [
        ("[nowhere_at_all:A]", 15, "[0]", "there is no module nowhere_at_all"),
        ("[{use: own_of_test:Tgas}]", 21, "[0].use", "did you mean Tags?"),
        ("own_of_test:Tgas", 14, "[0]", "did you mean Tags?"),
        (
            "[own_of_test:Tags, {use: own_of_test:Tags, with: {siez: 5}}]",
            *(64, "[1].with.siez", "does not take this, did you mean size?"),
        ),
        ("[own_of_test:Later]", 15, "[0]", "begins TLS: give this front tls"),
    ],
)
def test_each_fault_has_its_place(
    tmp_path: Path, filters: str, column: int, path: str, message: str
) -> None:
    (problem,) = problems(tmp_path, filters)
    assert (problem.line, problem.column) == (6, column)
    assert problem.path == f"fronts.web.filters{path}"
    assert message in problem.message


def test_it_is_told_beside_what_else_is_wrong(tmp_path: Path) -> None:
    found = problems(tmp_path, "[5, own_of_test:Tgas]", "zzz: 1\n")
    assert [problem.line for problem in found] == [6, 6, 8]
    assert "did you mean Tags?" in found[1].message


def test_check_ends_with_78(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, "[own_of_test:Tgas]")
    assert bridgectl.main(["check", str(file)]) == 78
    told = capsys.readouterr().err
    assert f"{file}:6:15: fronts.web.filters[0]: own_of_test has no Tgas" in told
    assert told.splitlines()[-1].endswith(" ^")


TWISTD = Path(sys.executable).with_name("twistd")


def started(
    file: Path, folder: Path, *options: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TWISTD, "--pidfile=", "bridge", "--config", str(file), *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_start_from_elsewhere_finds_them_and_ends_with_78_if_not(
    tmp_path: Path,
) -> None:
    """Before it is a daemon: what is wrong is told where it was started."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    right = started(written(tmp_path, "[own_of_test:Tags]"), elsewhere, "--check")
    assert (right.returncode, right.stderr) == (0, "")
    wrong = started(written(tmp_path, "[own_of_test:Tgas]"), elsewhere)
    assert wrong.returncode == 78
    assert "own_of_test has no Tgas, did you mean Tags?" in wrong.stderr
    assert list(elsewhere.iterdir()) == [], "no log either"
