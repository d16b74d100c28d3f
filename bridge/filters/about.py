"""What a filter is told of the session that it is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class About:
    """Of one session, when its first byte is shown."""

    client: tuple[str, int]
    """Address and port: those that a PROXY header names, if the sender is believed."""
    listen: tuple[str, int]
    """Where the client came to."""
    front: str
    """The front's name in the configuration."""
    secure: bool = False
    """The client speaks TLS with us."""
    asked: str = ""
    """The name it asked for (SNI), or nothing."""
    alpn: str = ""
    via: tuple[str, int] | None = None
    """Who has named the client in a PROXY header."""
    session: str = ""
    """The session's name in the log."""
    seconds: Callable[[], float] = lambda: 0.0
    """The time now, on the monotonic clock: for what is told later, not for waiting."""
