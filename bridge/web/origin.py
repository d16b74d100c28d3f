"""
Whose page has a browser ask.  Pure.

Host was checked before (``hosts``), so that it is this gateway's own name or address.
A browser says besides where the page comes from that has it ask: Origin with every
POST, and Sec-Fetch-Site with everything, where it is of this decade.  Programs say
neither; they may read, and give orders at the admin socket.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

_OURS = ("same-origin", "none")
"""Of Sec-Fetch-Site: our own page, or an address that a person has typed."""


def may_read(site: str | None) -> bool:
    """
    Whether who asks may see what the answer is, by Sec-Fetch-Site.

    >>> may_read(None), may_read("same-origin"), may_read("cross-site")
    (True, True, False)
    """
    return site is None or site in _OURS


def may_order(
    origins: Sequence[str], host: str, *, secure: bool, given: str, token: str
) -> str:
    """
    Why who asks may change nothing; empty: it may.

    *origins* are the values of Origin, *host* is the checked Host, *given* the token
    that came along, and *token* the one that our page was given.
    """
    scheme = "https" if secure else "http"
    if [each.lower() for each in origins] != [f"{scheme}://{host.lower()}"]:
        return "this order comes from no page of this gateway (Origin)"
    if not secrets.compare_digest(given.encode(), token.encode()):
        return "this page is of an earlier start of the gateway: load it again"
    return ""
