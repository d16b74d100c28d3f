"""
Bars, as SVG that is read on a light page and on a dark one.

A picture has no text of its own but names and figures; what they mean stands beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, LABELS, FIGURES, LINE, BAR = 720, 250, 90, 26, 16
OURS = "bridge"
"""Bars of names that begin so have the colour."""

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600 }
  .bar { fill: #8c959f }
  .ours { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .bar { fill: #6e7681 }
    .ours { fill: #4493f8 }
  }
"""


def bars(title: str, values: Sequence[tuple[str, float | None]], digits: int) -> str:
    """
    A bar for each name, as long as its value; None is a bar that is not there.

    *title* says what the values are, with their unit.
    """
    most = max((value for _, value in values if value is not None), default=0) or 1
    height = LINE * (len(values) + 1) + 8
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
        f' viewBox="0 0 {WIDTH} {height}" role="img">',
        f"  <title>{escape(title)}</title>",
        f"  <style>{STYLE}  </style>",
        f'  <text class="title" x="0" y="16">{escape(title)}</text>',
    ]
    for row, (name, value) in enumerate(values, 1):
        lines += _bar(row * LINE, name, value, most, digits)
    return "\n".join([*lines, "</svg>", ""])


def _bar(
    top: int, name: str, value: float | None, most: float, digits: int
) -> list[str]:
    length = (value or 0) / most * (WIDTH - LABELS - FIGURES)
    kind = "bar ours" if name.startswith(OURS) else "bar"
    told = "stalls" if value is None else f"{value:,.{digits}f}"
    return [
        f'  <text x="{LABELS - 8}" y="{top + 13}" text-anchor="end">'
        f"{escape(name)}</text>",
        f'  <rect class="{kind}" x="{LABELS}" y="{top}" width="{length:.1f}"'
        f' height="{BAR}" rx="2"/>',
        f'  <text x="{LABELS + length + 6:.1f}" y="{top + 13}">{told}</text>',
    ]
