"""
Sessions out of an access log: its lines in, whose they were out.

It reads what ``access`` writes, in both formats, also behind a syslog daemon's header
or after another program has set the JSON anew.  Lines of others are passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

LONGEST = 16_384
"""Characters of a line that is looked at; ours have a tenth of that."""

# client:port [date], after which no other program's line goes on as ours does.  A
# client without address is ``unix``.
_TEXT = re.compile(
    r"(?:[A-Z][a-z]{2} [ \d]\d [\d:]{8} \S+ haproxy\[\d+\]: )?"
    r"(?P<client>[0-9a-fA-F.:]+(?:%[^\s/:%\[\]]{1,15})?|unix):\d{1,5} "
    r"\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] "
    r"\S+ (?P<farm>[^/ ]+)/\S+ -?\d+/"
)


class Told(NamedTuple):
    """What a line tells of its session."""

    client: str
    """As it is spelt there."""
    farm: str
    """Empty where there was none."""
    source: str | None
    """
    Where the server saw it come from, empty where no server saw it.

    None: the line does not tell, which one of text never does.
    """


def sessions(lines: Iterable[str]) -> Iterator[Told]:
    """What each line that is ours tells."""
    for line in lines:
        told = told_in(line)
        if told is not None:
            yield told


def told_in(line: str) -> Told | None:
    """What *line* tells; None where it is no line of ours."""
    if len(line) > LONGEST:
        return None
    brace = line.find("{", 0, 256)  # a syslog daemon may have put something before it
    if brace >= 0 and '"client"' in line:
        return _in_json(line[brace:])
    found = _TEXT.match(line)
    if found is None:
        return None
    return Told(found["client"], _named(found["farm"]), None)


def _in_json(text: str) -> Told | None:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):  # cut off, or nested without end
        return None
    if not isinstance(told, dict) or "ending" not in told:
        return None
    if told.get("kind") == "request":  # its session's own is there, too, and says more
        return None
    client, farm, source = (told.get(key) for key in ("client", "farm", "source"))
    if not isinstance(client, str):
        return None
    # A source of null is a session that no server saw; without the key nobody knows.
    seen = source if isinstance(source, str) else "" if "source" in told else None
    return Told(client, farm if isinstance(farm, str) else "", seen)


def _named(farm: str) -> str:
    return "" if farm == "-" else farm
