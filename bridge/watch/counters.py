"""What is counted of a front's sessions.  Plain integers that anyone may read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """Since the start; sizes in bytes."""

    accepted: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    """
    Who did not come in, by the key of what was against it, as ``limits.per_source``;
    ``listen``, if the front is not for that address of ours; or ``bad_header``.
    """
    requests: Counter[str] = field(default_factory=Counter)
    """Of mode http, by what they were answered: ``2xx`` ... or ``none``."""
    unsecured: int = 0
    """Whose TLS handshake failed."""
    up: int = 0
    down: int = 0
    lasted: list[float] | None = None
    """Gets how long each lasted, in seconds; None: nobody wants to know."""
