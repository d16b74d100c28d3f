"""What is installed is what is here: plugin, packages, commands, in a fresh place."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import bridge
from tests.netlab.fixtures import missing

ROOT = Path(bridge.__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # a copy: building leaves its traces where it builds
    left = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, source, ignore=left)
    words = ("wheel", "--no-deps", f"--wheel-dir={folder}", str(source))
    pip(Path(sys.executable), *words)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of commands of an environment that holds the wheel and no more."""
    place = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    pip(place / "bin" / "python", "install", str(wheel))
    yield place / "bin"


def pip(python: Path, *words: str) -> None:
    command = [
        str(python),
        "-m",
        "pip",
        "--quiet",
        "--disable-pip-version-check",
        *words,
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode and "No matching distribution" in done.stderr:
        missing("needs a package index")
    assert done.returncode == 0, done.stderr


def said(*command: str | Path) -> str:
    """What *command* says when run from somewhere else."""
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_every_module_and_the_plugin(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    here = {str(path.relative_to(ROOT)) for path in (ROOT / "bridge").rglob("*.py")}
    assert here <= held
    page = (ROOT / "bridge" / "web" / "files").rglob("*")
    assert {str(path.relative_to(ROOT)) for path in page if path.is_file()} <= held
    assert "bridge/py.typed" in held
    assert "twisted/plugins/bridge_plugin.py" in held


def test_the_wheel_holds_every_manual_page_where_man_looks(wheel: Path) -> None:
    held = zipfile.ZipFile(wheel).namelist()
    installed = {name.partition("/data/share/man/")[2] for name in held}
    for page in (ROOT / "docs" / "man").iterdir():
        assert f"man{page.suffix[1:]}/{page.name}" in installed


def test_nothing_of_twisteds_own_is_overwritten(wheel: Path) -> None:
    held = zipfile.ZipFile(wheel).namelist()
    assert [name for name in held if name.startswith("twisted/")] == [
        "twisted/plugins/bridge_plugin.py"
    ]


def test_twistd_finds_the_plugin_from_anywhere(installed: Path) -> None:
    assert "--demo" in said(installed / "twistd", "bridge", "--help")


def test_the_command_and_the_module_are_one(installed: Path) -> None:
    key = "fronts.web.listen"
    assert said(installed / "bridgectl", "explain", key) == said(
        installed / "python", "-m", "bridge", "explain", key
    )


def test_what_systemd_prometheus_and_grafana_need_is_installed(installed: Path) -> None:
    share = installed.parent / "share" / "bridge"
    files = [path for path in (ROOT / "conf").rglob("*") if path.suffix != ".yaml"]
    names = [path for path in files if path.is_file() and "bridge" in path.parts[-1]]
    drop_ins = [path for path in files if path.parent.name == "bridge.service.d"]
    assert len(names) == 8 and len(drop_ins) == 2
    for path in (*names, *drop_ins):
        copy = share / path.relative_to(ROOT / "conf")
        assert copy.read_bytes() == path.read_bytes()


def test_a_first_configuration_is_checked_by_both(
    installed: Path, tmp_path: Path
) -> None:
    file = str(tmp_path / "bridge.yaml")
    listen = ("--listen", "[::1]:8080", "--server", "192.0.2.10:80")
    said(installed / "bridgectl", "init", file, *listen)
    expected = f"{file}: ok (1 front, 1 farm, 1 server)\n"
    assert said(installed / "bridgectl", "check", file) == expected
    assert said(installed / "twistd", "bridge", "--config", file, "--check") == expected
