"""
Keys, out of the bytes that a terminal sends for them.

Pure.  Not here: the terminal (``top_terminal``), and what a key does (``top_chosen``).
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterator

_SEQUENCES = {
    "[A": "up",
    "[B": "down",
    "[C": "right",
    "[D": "left",
    "[H": "home",
    "[F": "end",
    "[1~": "home",
    "[4~": "end",
    "[7~": "home",
    "[8~": "end",
    "[5~": "page_up",
    "[6~": "page_down",
    "[Z": "back_tab",
    "OA": "up",
    "OB": "down",
    "OC": "right",
    "OD": "left",
    "OH": "home",
    "OF": "end",
}
"""Behind an escape (xterm's, and the Linux console's)."""

_CONTROLS = {
    "\t": "tab",
    "\r": "enter",
    "\n": "enter",
    "\x7f": "backspace",
    "\b": "backspace",
    "\x0c": "redraw",
    "\x15": "erase",
    "\x04": "end_of_input",
}

_ESCAPE = "\x1b"

_LONGEST = 32
"""Characters of a sequence: what goes on is none."""


class Keys:
    """
    One key after the other: a printable character is itself, the others have names.
    What is no key that anybody waits for is left out.
    """

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")("ignore")
        self._text = ""

    @property
    def undecided(self) -> bool:
        """Whether it depends on what comes next, or on that nothing does."""
        return bool(self._text)

    def feed(self, data: bytes) -> list[str]:
        """The keys that are complete by now."""
        self._text += self._decoder.decode(data)
        return list(self._take())

    def waited(self) -> list[str]:
        """Nothing came for a while: an escape that stands alone is the key."""
        left, self._text = self._text, ""
        return ["escape"] if left else []

    def _take(self) -> Iterator[str]:
        while self._text:
            first = self._text[0]
            if first != _ESCAPE:
                self._text = self._text[1:]
                key = _CONTROLS.get(first, first if first.isprintable() else "")
                if key:
                    yield key
                continue
            length = _sequence(self._text)
            if length is None:
                return
            key = _SEQUENCES.get(self._text[1:length], "")
            self._text = self._text[length:]
            if key or length == 1:
                yield key or "escape"


def _sequence(text: str) -> int | None:
    """Characters of the sequence that *text* begins with; None: it goes on."""
    if len(text) == 1:
        return None
    if text[1] == "O":
        return 3 if len(text) > 2 else None
    if text[1] != "[":
        return 1  # the key, and another
    for place, character in enumerate(text[2:], 2):
        if "@" <= character <= "~":
            return place + 1
        if place > _LONGEST:
            return place
    return None
