"""
Fields of HTTP as an operator writes them: their names, and values that hold ``${…}``.

Only what may be written; who puts them into heads is in ``filters``.  The words are
those that ``filters.about`` has something for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

VARIABLES: Final[Mapping[str, str]] = {
    "client": "the client's address",
    "client.port": "the client's port",
    "front": "the front's name",
    "host": "whom the request is for: a name or an address, without the port",
    "listen": "the address that the client came to",
    "listen.port": "the port that it came to",
    "scheme": "`https` where the client speaks TLS with the gateway, else `http`",
    "session": "the session's name in the log",
    "tls.alpn": "the protocol agreed on in TLS",
    "tls.sni": "the name that was asked for in TLS",
    "via": "the address of who named the client in a PROXY header",
}
"""What may stand in ``${…}``, and what for.  It is nothing where there is none."""

FRAMING: Final = frozenset(
    {
        "connection", "content-length", "expect", "keep-alive", "proxy-connection",
        "te", "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip
"""
Fields by which both ends find where a message ends, or agree how to go on: a change of
one is another message (RFC 9112 section 6, RFC 9110 section 7.6.1).
"""

NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
"""A token (RFC 9110 section 5.6.2), and no longer than anybody's."""

LONGEST = 4096
"""Characters of a value as it is written."""

# Visible ASCII, and space and tab within (RFC 9110 section 5.5, less obs-text).
_VALUE = re.compile(r"(?:[!-~](?:[ \t!-~]*[!-~])?)?")
_PART = re.compile(r"\$\$|\$\{([^}]*)\}|\$|[^$]+")


def template(text: str) -> tuple[str, ...]:
    """
    The parts of *text*: what stands there and a variable's name, by turns.

    >>> template("for=${client};$$")
    ('for=', 'client', ';$')

    Raises ValueError for anything that cannot be a field's value.  That a name is none
    of VARIABLES is an UnknownVariableError, whose argument it is.
    """
    if not _VALUE.fullmatch(text):
        raise ValueError(_fault(text))
    if len(text) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} characters")
    parts = [""]
    for match in _PART.finditer(text):
        name, whole = match[1], match[0]
        if name is not None:
            if name not in VARIABLES:
                raise UnknownVariableError(name)
            parts += [name, ""]
        elif whole == "$":
            raise ValueError("a $ alone is nothing: write ${client}, or $$ for itself")
        else:
            parts[-1] += "$" if whole == "$$" else whole
    return tuple(parts)


class UnknownVariableError(ValueError):
    """``${…}`` holds no word that stands for anything."""


def _fault(text: str) -> str:
    """Why *text* is no value."""
    if text != text.strip(" \t"):
        return "begins or ends with a space, which no value does: take it out"
    found = next(c for c in text if not (" " <= c <= "~" or c == "\t"))
    what = {"\r": "a CR", "\n": "a line break", "\0": "a NUL"}.get(
        found, f"{found!a}, which is not in ASCII"
    )
    return f"holds {what}, which no value may: take it out"
