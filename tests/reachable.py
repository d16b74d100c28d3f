"""Folders of tests that other users are to reach: pytest's are its own user's."""

from __future__ import annotations

import tempfile
from pathlib import Path


def let_in(folder: Path) -> None:
    """Everybody may search *folder* and those above it, however many there are."""
    top = Path(tempfile.gettempdir())
    for each in (folder, *folder.parents):
        if each == top:
            return
        each.chmod(each.stat().st_mode | 0o011)
