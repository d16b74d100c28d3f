"""
``python -m tests.e2e.picture_top FOLDER [SECONDS]``: what ``bridgectl top`` shows of
the gateway that the page's pictures are of (``picture``), as SVG.
"""

from __future__ import annotations

import io
import re
import sys
import time
from pathlib import Path

from rich.console import Console, Group
from rich.text import Text

from bridge.control.ask import Gateway as Asked
from bridge.control.top_chosen import Chosen
from bridge.control.top_looks import look, seen
from bridge.control.top_screen import Shown, screen
from tests.e2e.operating import admin_of
from tests.e2e.picture import under_load

WIDTH, HEIGHT = 112, 32
SECONDS = 30.0


def svg(lines: list[Text]) -> str:
    """*lines* on a terminal, without what a viewer would fetch from elsewhere."""
    console = Console(
        record=True,
        width=WIDTH,
        file=io.StringIO(),
        force_terminal=True,
        color_system="standard",
    )
    console.print(Group(*lines), end="")
    made = console.export_svg(title="bridgectl top", unique_id="top")
    return re.sub(r"@font-face \{.*?\}\n", "", made, flags=re.S)


def main(target: Path, seconds: float = SECONDS) -> None:
    with under_load() as (_, _, gateway):
        asked, chosen = Asked(str(admin_of(gateway))), Chosen()
        before = look(asked.ask, chosen.wanted(HEIGHT))
        moved = []
        ends = time.monotonic() + seconds
        while True:
            time.sleep(chosen.interval)
            now = look(asked.ask, chosen.wanted(HEIGHT))
            told, before = seen(now, before), now
            moved.append((told.rate["up"] or 0) + (told.rate["down"] or 0))
            if time.monotonic() > ends:
                break
        target.mkdir(parents=True, exist_ok=True)
        lines = screen(Shown(told, chosen, moved), WIDTH, HEIGHT)
        (target / "top.svg").write_text(svg(lines))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(float, sys.argv[2:]))
