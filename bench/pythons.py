"""
The gateway by other Pythons than the one that runs this: ``--python``.

Each gets an environment below ``bench/build``, with the gateway of this checkout in it,
made once.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from bench.contenders import HERE

TREE = HERE.parent

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


def environment(python: str, tree: Path = TREE) -> Path:
    """Where *tree*'s gateway is installed for *python*; now, if it is not yet."""
    place = HERE / "build" / f"python-{name_of(python)}"
    if not (place / "ready").exists():
        subprocess.run([python, "-m", "venv", "--clear", str(place)], check=True)
        pip = [str(place / "bin/pip"), "install", "--quiet"]
        subprocess.run(
            [*pip, "--disable-pip-version-check", "--editable", str(tree)], check=True
        )
        (place / "ready").touch()
    return place
