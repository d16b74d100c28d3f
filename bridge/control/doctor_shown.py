"""
What ``bridgectl doctor`` prints for people: a table of sides, one of paths, and each
finding with its cure.

In colour where ``rich`` is installed (the extra ``top``) and a terminal reads; the
words are the same without.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any, TextIO

from bridge.control.tables import clean, table
from bridge.doctor.examination import Examination, Path
from bridge.doctor.report import Finding, Severity
from bridge.doctor.sides import Side

COLOURS = {
    Severity.OK: "green",
    Severity.UNKNOWN: "magenta",
    Severity.WARN: "yellow",
    Severity.FAIL: "red",
}
_WIDTH = max(len(severity.value) for severity in Severity)

_RICH = ("rich.console", "rich.table", "rich.text")

Rows = tuple[str, Sequence[Sequence[object]]]
"""Names of columns, as ``tables.table`` has them, and what is in them."""


def sides(found: Iterable[Side]) -> Rows:
    """Where each side meets its network."""
    return (
        "SIDE INTERFACE LINK> ROUTE> GRO GSO TSO SERVERS>",
        [
            [
                *(side.subject, side.interface, side.link or None, side.route or None),
                *(_switch(side.offloads.get(name)) for name in ("gro", "gso", "tso")),
                side.servers or None,
            ]
            for side in found
        ],
    )


def paths(found: Iterable[Path]) -> Rows:
    """What the way to each server carries."""
    return (
        "FARM SERVER WANTED> VERDICT CARRIES> BY",
        [
            [
                *(path.server.farm, _server(path), path.verdict.wanted),
                *(path.verdict.kind, _size(path), path.verdict.by),
            ]
            for path in found
        ],
    )


def _server(path: Path) -> str:
    name, address = path.server.server, str(path.server.address)
    return name if name == address else f"{name} ({address})"


def _size(path: Path) -> str | None:
    verdict = path.verdict
    if not verdict.size:
        return None
    return str(verdict.size) if verdict.exact else f"~{verdict.size}"


def _switch(value: bool | None) -> str:
    return "?" if value is None else "on" if value else "off"


def lines(found: Examination, *, all_of_it: bool) -> Iterator[str]:
    """For a pipe, a file, or a terminal without ``rich``."""
    for head, rows in (sides(found.sides), paths(found.paths)):
        if rows:
            yield from table(head, rows)
            yield ""
    shown, more = chosen(found.findings, all_of_it=all_of_it)
    for finding in shown:
        yield f"{finding.severity.value:{_WIDTH}}  {finding.subject}: {finding.cause}"
        if finding.cure:
            yield f"{'':{_WIDTH}}  cure: {finding.cure}"
    yield summary(found, more)


def chosen(
    findings: Sequence[Finding], *, all_of_it: bool
) -> tuple[Sequence[Finding], int]:
    """Those that are printed, and how many are not: what is well needs no line."""
    if all_of_it:
        return findings, 0
    bad = [each for each in findings if each.severity is not Severity.OK]
    return bad, len(findings) - len(bad)


def summary(found: Examination, hidden: int) -> str:
    """The last line."""
    counts = dict.fromkeys(Severity, 0)
    for each in found.findings:
        counts[each.severity] += 1
    words = [f"{counts[severity]} {severity.value}" for severity in reversed(Severity)]
    also = f"; --all shows {hidden} more"
    return ", ".join(words) + (also if hidden else "")


def show(found: Examination, *, all_of_it: bool, to: TextIO | None = None) -> None:
    """Print it to *to*, or to standard output."""
    out = to or sys.stdout
    coloured = _coloured(out)
    if coloured is not None:
        coloured(found, all_of_it)
        return
    for line in lines(found, all_of_it=all_of_it):
        print(clean(line) if line else "", file=out)


def _coloured(out: TextIO) -> Callable[[Examination, bool], None] | None:
    """What prints in colour; None: it is not wanted, or not to be had."""
    if not out.isatty():
        return None
    try:
        console_module, table_module, text_module = map(import_module, _RICH)
    except ImportError:
        return None
    table_of: Any = table_module.Table
    text_of: Any = text_module.Text
    console: Any = console_module.Console(file=out)

    def rows(head: str, body: Sequence[Sequence[object]]) -> None:
        made = table_of(box=None, pad_edge=False)
        for name in head.split():
            right = name.endswith(">")
            made.add_column(name.rstrip(">"), justify="right" if right else "left")
        for row in body:
            made.add_row(*(text_of(clean(cell), style=_style(cell)) for cell in row))
        console.print(made)
        console.print()

    def printed(found: Examination, all_of_it: bool) -> None:
        for head, body in (sides(found.sides), paths(found.paths)):
            if body:
                rows(head, body)
        shown, more = chosen(found.findings, all_of_it=all_of_it)
        for each in shown:
            style = f"bold {COLOURS[each.severity]}"
            line = text_of(f"{each.severity.value:{_WIDTH}}  ", style=style)
            line.append(
                clean(f"{each.subject}: {each.cause}"), style="not bold default"
            )
            console.print(line)
            if each.cure:
                cure = text_of().append(f"{'':{_WIDTH}}  cure: ", style="dim")
                console.print(cure.append(clean(each.cure), style="cyan"))
        console.print(text_of(summary(found, more)))

    return printed


def _style(cell: object) -> str:
    return {
        "ok": "green", "broken": "bold red", "narrow": "yellow",
        "unknown": "magenta", "off": "yellow",
    }.get(str(cell), "")  # fmt: skip
