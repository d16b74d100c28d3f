"""
Clients out of an access log: its lines in, whom they tell of out.

It reads what ``access`` writes, in both formats, also behind a syslog daemon's header
or after another program has set the JSON anew.  Lines of others are passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

LONGEST = 16_384
"""Characters of a line that is looked at; ours have a tenth of that."""

# client:port [date], after which no other program's line goes on as ours does.  A
# client without address is ``unix``.
_TEXT = re.compile(
    r"(?:[A-Z][a-z]{2} [ \d]\d [\d:]{8} \S+ haproxy\[\d+\]: )?"
    r"(?P<client>[0-9a-fA-F.:]+(?:%[^\s/:%\[\]]{1,15})?|unix):\d{1,5} "
    r"\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] \S+ [^/ ]+/\S+ -?\d+/"
)


def clients(lines: Iterable[str]) -> Iterator[str]:
    """The client of each line that is ours, as it is spelt there."""
    for line in lines:
        client = client_in(line)
        if client is not None:
            yield client


def client_in(line: str) -> str | None:
    """The client that *line* tells of, or None."""
    if len(line) > LONGEST:
        return None
    brace = line.find("{", 0, 256)  # a syslog daemon may have put something before it
    if brace >= 0 and '"client"' in line:
        return _in_json(line[brace:])
    found = _TEXT.match(line)
    return found["client"] if found else None


def _in_json(text: str) -> str | None:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):  # cut off, or nested without end
        return None
    if not isinstance(told, dict) or "ending" not in told:
        return None
    client = told.get("client")
    return client if isinstance(client, str) else None
