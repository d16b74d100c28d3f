"""
What may have been meant by a word that is none: the known one that is near.

Apart from the keys of the configuration (``keys``), since whoever only asks a running
gateway misspells, too, and should not wait until the model is read.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_ELSEWHERE = {
    "frontends": "fronts", "listeners": "fronts", "entrypoints": "fronts",
    "backends": "farms", "upstreams": "farms", "clusters": "farms", "pools": "farms",
    "backend": "to", "default_backend": "to", "upstream": "to", "farm": "to",
    "bind": "listen", "port": "listen", "host": "address", "ip": "address",
    "healthcheck": "check", "health": "check", "algorithm": "balance",
    "maxconn": "connections", "max_connections": "connections", "cert": "certificates",
}  # fmt: skip
"""What other programs call it."""

_LISTED = 24
"""Words that an error lists; no part of the model has as many keys."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that *word* is most likely a slip of, if one is near."""
    known = set(known)
    other = _ELSEWHERE.get(word.lower())
    if other in known:
        return other
    near = difflib.get_close_matches(
        word, sorted(known), n=1, cutoff=0.5
    )  # "ot" for "to"
    return near[0] if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``did you mean "X"?``, or the choice where nothing is near, or nothing."""
    words = sorted(known)
    near = nearest(word, words)
    if near:
        return f'did you mean "{near}"?'
    if not words:
        return "nothing is known here"
    more = f" and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
    return f"known here: {', '.join(words[:_LISTED])}{more}"
