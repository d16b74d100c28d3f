"""
A file of networks, which ``allow`` and its like name as ``@file``: bytes -> networks.

One network or address a line; ``#`` begins a comment, and so does ``;``, which some
published lists have (Spamhaus's DROP); empty lines are passed over.  When it is read,
and read again, is others' business.
"""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

from bridge.config.problems import ConfigError, Flaw, Problem, Spot, told
from bridge.net.address import parse_network
from bridge.net.prefixes import Network
from bridge.net.whole_file import read_whole

MAX_BYTES = 4 << 20
"""
Most bytes of one file, some 200,000 networks; reading that many takes about 2 seconds.
"""

MAX_TOLD = 20
"""Wrong lines that are told; of the others only how many they are."""

_MARK = "\ufeff"  # what some editors put before UTF-8
_COMMENT = re.compile(r"[#;].*")


def read_network_file(path: Path) -> tuple[Network, ...]:
    """
    The networks in the file at *path*, as it is now.

    Raises OSError, and ConfigError for everything wrong in it.
    """
    return parse_network_file(read_whole(path, MAX_BYTES), str(path))


def parse_network_file(data: bytes, file: str) -> tuple[Network, ...]:
    """
    The networks of a whole file, in order, whose bytes are *data*.

    >>> parse_network_file(b"10.0.0.0/8  # ours\\n2001:db8::1\\n", "list")
    (IPv4Network('10.0.0.0/8'), IPv6Network('2001:db8::1/128'))

    None at all is a right answer: an empty ``allow`` then means all, so who reads the
    file for an ``allow`` has to refuse that.  Raises ConfigError for everything wrong,
    by line and column of *file*, its name.
    """
    if len(data) > MAX_BYTES:
        raise _error(file, f"is longer than {MAX_BYTES >> 20} MiB")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _error(file, "is no UTF-8, and so no list of networks", line) from None
    # Not splitlines(), which ends lines where no editor does: at a form feed.
    lines = text.removeprefix(_MARK).split("\n")
    networks: list[Network] = []
    flaws: list[Flaw] = []
    for number, each in enumerate(lines, 1):
        word = _COMMENT.sub("", each).strip()
        if not word:
            continue
        try:
            networks.append(parse_network(word))
        except ValueError as error:
            spot = Spot(file, number, each.index(word) + 1)
            flaws.append(Flaw(spot, (), _short(error)))
    if flaws:
        raise ConfigError(_problems(flaws, file, lines))
    return tuple(networks)


def _problems(flaws: list[Flaw], file: str, lines: list[str]) -> list[Problem]:
    problems = told(islice(flaws, MAX_TOLD), {file: lines})
    more = len(flaws) - MAX_TOLD
    if more > 0:
        last = flaws[MAX_TOLD].spot
        what = f"{more} more like it"
        problems.append(Problem(file, last.line, last.column, "", what))
    return problems


def _short(error: ValueError) -> str:
    """Its message, which quotes the line: not all of a line that is a page."""
    text = str(error)
    return text if len(text) <= 300 else f"{text[:77]}...: write one network a line"


def _error(file: str, message: str, line: int = 1) -> ConfigError:
    return ConfigError([Problem(file, line, 1, "", message)])
