"""What a new Python has to load for some lines of code: what takes a command's time."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("bridge", "twisted", "pydantic", "yaml", "cryptography", "rich")


def loaded(code: str) -> set[str]:
    """The modules of HEAVY packages that it leaves loaded."""
    told = f"{code}\nimport sys; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True
    )
    return {name for name in run.stdout.split() if name.startswith(HEAVY)}
