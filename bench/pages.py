"""
Where figures stand in a page: between two comments, the rest is written by hand.

::

    <!-- bench-path: old -->
    … a table and pictures …
    <!-- end -->
"""

from __future__ import annotations

import re
from pathlib import Path


def put(text: str, name: str, lines: list[str]) -> str:
    """
    *text* with *lines* at the place called *name*.  Raises LookupError if it has none.

    >>> put("a\\n<!-- bench: b -->\\nold\\n<!-- end -->\\n", "bench: b", ["new"])
    'a\\n<!-- bench: b -->\\nnew\\n<!-- end -->\\n'
    """
    begin = f"<!-- {name} -->\n"
    place = re.compile(rf"({re.escape(begin)}).*?(<!-- end -->)", re.DOTALL)
    made = "".join(f"{line}\n" for line in lines)
    text, count = place.subn(lambda found: found[1] + made + found[2], text)
    if not count:
        raise LookupError(f"no place for {name}")
    return text


def write(page: Path, name: str, lines: list[str]) -> None:
    """Put *lines* into *page*."""
    page.write_text(put(page.read_text(), name, lines))
