"""
Pages for man(1), of the same text that docs/ has: Markdown -> the macros of man(7).

Only as much of Markdown as our own texts use.  Not here: what the pages say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap

_INLINE = re.compile(
    r"`` ?(?P<codes>.+?) ?``|`(?P<code>[^`]+)`|\*\*(?P<strong>.+?)\*\*"
    r"|(?<![\w*])\*(?P<soft>[^*\s][^*]*)\*(?![\w*])|\[(?P<link>[^]]+)\]\([^)]*\)"
)
_SENTENCE = re.compile(r"(?<=[a-z)R][.:]) +(?=[A-Z`\\])")
_FENCE = "```"
_BULLET = re.compile(r"[*-] ")
_RULE = re.compile(r"\|[-|: ]+\|")
_FONTS = {"codes": "B", "code": "B", "strong": "B", "soft": "I", "link": ""}


@dataclass(frozen=True, slots=True)
class Title:
    """What stands at the top of a page, and in the index of all pages."""

    name: str
    section: int
    about: str
    """One line, without a full stop."""
    version: str
    date: str
    """ISO 8601: the day of the text, not of its making."""


def page(title: Title, markdown: str) -> str:
    """
    A whole page whose text is *markdown*: sections are ``##``, their parts ``###``, and
    ``####`` are entries, whose text stands further in.
    """
    source = f'"bridge {title.version}"'
    parts = [
        r".\" Written by `make docs`: change it where the text comes from.",
        f".TH {title.name.upper()} {title.section} {title.date} {source}",
        ".SH NAME",
        rf"{escaped(title.name)} \- {escaped(title.about)}",
        *_blocks(markdown),
    ]
    return "\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """
    *text* as troff shows it literally: nothing of it is a request, and a dash can be
    copied into a command line.

    >>> escaped("--check"), escaped(".SH"), escaped("C:\\\\")
    ('\\\\-\\\\-check', '\\\\&.SH', 'C:\\\\e')
    """
    text = text.replace("\\", r"\e").replace("-", r"\-")
    text = "".join(c if c.isascii() else rf"\[u{ord(c):04X}]" for c in text)
    return rf"\&{text}" if text.startswith((".", "'")) else text


def inline(text: str) -> str:
    """A paragraph's words, with code in bold."""
    out, at = "", 0
    for found in _INLINE.finditer(text):
        out += escaped(text[at : found.start()]).removeprefix(r"\&" if out else "")
        kind = found.lastgroup or ""
        inside, font = escaped(found[kind]), _FONTS[kind]
        out += rf"\f{font}{inside}\fR" if font else inside
        at = found.end()
    rest = escaped(text[at:])
    return out + (rest.removeprefix(r"\&") if out else rest)


def filled(text: str) -> Iterator[str]:
    """
    The lines of a paragraph, each sentence on lines of its own, as troff wants it to
    tell a full stop from another.
    """
    for sentence in _SENTENCE.split(inline(text)):
        for line in wrap(sentence, 80, break_long_words=False, break_on_hyphens=False):
            yield rf"\&{line}" if line.startswith((".", "'")) else line


def _blocks(markdown: str) -> Iterator[str]:
    """Each block of *markdown* as its requests."""
    writer = _Writer()
    block: list[str] = []
    fenced = False
    for line in markdown.split("\n"):
        if line.startswith(_FENCE):
            if fenced:
                yield from writer.example(block)
            else:
                yield from writer.block(block)
            block, fenced = [], not fenced
        elif fenced or line.strip():
            block.append(line)
        else:
            yield from writer.block(block)
            block = []
    yield from writer.block(block)


class _Writer:
    """Where on the page it is: that decides which request a block begins with."""

    def __init__(self) -> None:
        self._begun = False
        """Whether a section or an entry has text: what comes next is a paragraph."""
        self._entry = False

    def block(self, lines: list[str]) -> Iterator[str]:
        first = lines[0] if lines else "<!--"
        if first.startswith(("<!--", "# ")):
            return
        if first.startswith("## "):
            yield f".SH {inline(first[3:].upper())}"
            self._begun = self._entry = False
        elif first.startswith("### "):
            yield f".SS {inline(first[4:])}"
            self._begun = self._entry = False
        elif first.startswith("#### "):
            yield from (".TP", inline(first[5:]))
            self._begun, self._entry = False, True
        elif first.startswith("|"):
            yield from self._table(lines)
        elif _BULLET.match(first):
            yield from self._bullets(lines)
        else:
            yield from self._paragraph()
            yield from filled(" ".join(map(str.strip, lines)))

    def example(self, lines: list[str]) -> Iterator[str]:
        """Lines that stay as they are."""
        yield from self._paragraph()
        yield from (".RS 4", ".EX", *map(escaped, lines), ".EE", ".RE")

    def _paragraph(self) -> Iterator[str]:
        if self._begun:
            yield ".IP" if self._entry else ".PP"
        self._begun = True

    def _table(self, lines: list[str]) -> Iterator[str]:
        """Rows without the heading: the first cell of each is explained by the rest."""
        rule = next((n for n, line in enumerate(lines) if _RULE.fullmatch(line)), -1)
        for line in lines[rule + 1 :]:
            first, *cells = (cell.strip() for cell in line.strip("| ").split(" | "))
            yield from (".TP", inline(first), *filled("; ".join(cells)))
        self._begun, self._entry = True, False

    def _bullets(self, lines: list[str]) -> Iterator[str]:
        items: list[str] = []
        for line in lines:
            if _BULLET.match(line):
                items.append(line[2:].strip())
            else:
                items[-1] += f" {line.strip()}"
        for item in items:
            yield from (r".IP \(bu 2", *filled(item))
        self._begun, self._entry = True, False
