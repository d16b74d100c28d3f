"""
The gateway by other Pythons than the one that runs this: ``--python``.

Each gets an environment below ``bench/build``, with what the gateway needs, made once,
and a path to this checkout: nothing is built or installed of it, so that whatever runs
beside it finds its own installation as it was.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from bench.contenders import HERE

TREE = HERE.parent
OLDEST = (3, 11)

_ABOUT = (
    "import platform, sysconfig;"
    "told = sysconfig.get_config_var('CONFIG_ARGS') or '';"
    "print(platform.python_version() + '+pgo' * ('--enable-optimizations' in told))"
)


def name_of(python: str) -> str:
    """
    Its version, and whether it was built with profile-guided optimization: 3.13.0+pgo.

    Raises OSError or CalledProcessError: it is no Python.
    """
    ran = subprocess.run(
        [python, "-c", _ABOUT], capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


def others() -> dict[str, str]:
    """
    One for each release but the one that runs this, and none older than it may be: by
    ``3.13`` and the like.  On the PATH, or where pyenv keeps them.
    """
    found: dict[str, str] = {}
    for python in _candidates():
        try:
            release = re.match(r"\d+\.\d+", name_of(python))
        except (OSError, subprocess.CalledProcessError):
            continue  # as pyenv's own words for one that is not chosen
        if release is not None:
            found.setdefault(release[0], python)
    mine = "{}.{}".format(*sys.version_info)
    return {
        release: python
        for release, python in sorted(found.items(), key=lambda item: _number(item[0]))
        if release != mine and _number(release) >= OLDEST
    }


def _candidates() -> Iterator[str]:
    for minor in range(OLDEST[1], OLDEST[1] + 10):
        found = shutil.which(f"python3.{minor}")
        if found is not None:
            yield found
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from map(str, sorted(root.glob("versions/3.*/bin/python3")))


def _number(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


def environment(python: str, tree: Path = TREE) -> Path:
    """Where *tree*'s gateway is run by *python*; made now, if it is not there yet."""
    place = HERE / "build" / f"python-{name_of(python)}"
    if not (place / "ready").exists():
        subprocess.run([python, "-m", "venv", "--clear", str(place)], check=True)
        pip = [str(place / "bin/pip"), "install", "--quiet"]
        subprocess.run([*pip, "--disable-pip-version-check", *needed()], check=True)
        (packages,) = place.glob("lib/python3.*/site-packages")
        (packages / "bridge.pth").write_text(f"{tree}\n")
        (place / "ready").touch()
    return place


def needed() -> list[str]:
    """What the gateway needs to run, without what only tests do."""
    required = metadata.requires("bridge-gateway") or []
    return [each for each in required if "extra ==" not in each]
