"""The README begins with what the page looks like."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PICTURES = re.findall(r'(?:src|srcset)="([^"]+)"', README)

MOST = 400_000
"""Bytes of one: a repository keeps every one that there ever was."""


def test_it_begins_with_the_page_light_and_dark() -> None:
    assert README.startswith("# bridge\n\n<picture>")
    assert [Path(each).name for each in PICTURES] == ["page-dark.png", "page-light.png"]


@pytest.mark.parametrize("name", PICTURES)
def test_its_pictures_are_there_and_small(name: str) -> None:
    data = (ROOT / name).read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) < MOST
    wide, high = struct.unpack(">II", data[16:24])  # RFC 2083, section 4.1.1
    assert wide > 1000 and high > 800
