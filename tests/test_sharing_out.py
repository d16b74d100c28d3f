"""The files that need much of the machine are there."""

from __future__ import annotations

from pathlib import Path

from tests.sharing_out import LOAD


def test_every_file_of_a_load_is_there() -> None:
    root = Path(__file__).parent.parent
    assert [name for name in sorted(LOAD) if not (root / name).exists()] == []
