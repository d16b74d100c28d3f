"""
By whose name somebody asks.  Only some are answered.

Any page on the Internet can have a browser ask a server of this host, by a name of its
own that it has led here meanwhile (DNS rebinding), and could read what is answered, for
to the browser it is of the same origin.  It needs a name for that: an address has no
other meaning than itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from ipaddress import ip_address

LOCAL = "localhost"

_HOST = re.compile(
    r"(?:\[(?P<v6>[^\]]+)\]|(?P<name>[^:\[\]]+))(?::[0-9]{1,5})?", re.ASCII
)


def answers_to(headers: Sequence[str], names: Collection[str]) -> bool:
    """
    Whether the values of a request's Host *headers* are one, which is an address,
    ``localhost``, or of *names*, which are in lower case.

    >>> answers_to(["[::1]:9180"], ()), answers_to(["evil.example:9180"], ())
    (True, False)
    """
    if len(headers) != 1:
        return False
    found = _HOST.fullmatch(headers[0].strip())
    if found is None:
        return False
    if found["v6"] is not None:
        return _is_address(found["v6"]) and ":" in found["v6"]
    name = found["name"].lower().rstrip(".")
    local = name == LOCAL or name.endswith(f".{LOCAL}")  # RFC 6761, section 6.3
    return local or name in names or _is_address(name)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
