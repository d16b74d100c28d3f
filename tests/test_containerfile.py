"""
The Containerfile, as far as it can be judged where no container is built.

That its command runs without rights and on a root that is read-only is
``e2e/test_deployed.py``'s.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from bridge.tap import Options
from tests.containing import ROOT, command, of, stages
from tests.netlab.fixtures import missing

BUILD, LAST = stages()


def test_what_is_copied_is_all_that_a_wheel_needs(tmp_path: Path) -> None:
    source = tmp_path / "src"
    for *sources, target in of(BUILD, "COPY"):
        for name in sources:
            there = source / target
            if (ROOT / name).is_dir():
                skipped = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / name, there, ignore=skipped)
            else:
                there.mkdir(exist_ok=True, parents=True)
                shutil.copy(ROOT / name, there)
    words = ["-m", "pip", "--quiet", "wheel", "--no-deps", f"--wheel-dir={tmp_path}"]
    done = subprocess.run(
        [sys.executable, *words, str(source)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if "No matching distribution" in done.stderr:
        missing("needs a package index")
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    assert {str(file.relative_to(ROOT)) for file in ROOT.glob("bridge/**/*.py")} <= held
    assert any(name.endswith("share/bridge/bridge.service") for name in held)


def test_the_image_has_what_was_installed_and_is_nobodys() -> None:
    (copied,) = of(LAST, "COPY")
    assert copied == ["--from=build", "/opt/bridge", "/opt/bridge"]
    ((user,),) = of(LAST, "USER")
    assert all(int(number) > 1000 for number in user.split(":"))
    assert of(LAST, "RUN") == [], "nothing is done as root in what is shipped"


def test_its_command_line_is_one_of_ours() -> None:
    twistd, *words = command()
    assert twistd == "/opt/bridge/bin/twistd"
    assert words[:3] == ["-n", "--pidfile=", "bridge"]
    flag, file = words[3:]
    assert flag == "--config" and file.startswith("/etc/bridge/")
    assert any(option[0] == "config" for option in Options.optParameters)


def test_the_readme_runs_it_as_the_file_says() -> None:
    said = (ROOT / "Containerfile").read_text().replace("#", "")
    chapter = (ROOT / "README.md").read_text()
    run = chapter.partition("podman run")[2].partition("```")[0]
    assert run.split() == said.partition("podman run")[2].split()[: len(run.split())]
