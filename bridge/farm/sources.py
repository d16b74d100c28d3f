"""
Source ports in use: how many sessions leave from one address to one server.

A connection's four-tuple is unique, so one source address has as many sessions with
one server's address and port as there are ephemeral ports; with another server it has
as many again.  Counting, and nothing else: the kernel picks the ports, and knows of
more that are taken (``TIME_WAIT``, other programs), so its EADDRNOTAVAIL still counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

Back = tuple[str, int]
"""A server's address and port."""


def ports_in(text: str) -> int:
    """
    How many ports *text* names, which is what ``ip_local_port_range`` says
    (Documentation/networking/ip-sysctl.rst).

    >>> ports_in("32768\\t60999\\n")
    28232

    Raises ValueError for anything else.
    """
    first, last = (int(word) for word in text.split())
    if not 0 < first <= last < 65536:
        raise ValueError(f"{text.strip()!r} is no range of ports")
    return last - first + 1


class Sources:
    """
    Sessions by source address and server, each pair with room for *ports* of them.

    A pair that nobody uses takes no memory.
    """

    def __init__(self, ports: int) -> None:
        self.ports = ports
        self._used: dict[Back, dict[str, int]] = {}

    def pick(
        self, sources: Sequence[str], back: Back, skip: Collection[str] = ()
    ) -> str | None:
        """
        The one of *sources* with the fewest sessions to *back*; None: exhausted.

        *skip* are those that the kernel had no port for.  Among equals the first.
        """
        used = self._used.get(back, {})
        best, fewest = None, self.ports
        for source in sources:
            count = used.get(source, 0)
            if count < fewest and source not in skip:
                best, fewest = source, count
        return best

    def took(self, source: str, back: Back) -> None:
        """A session begins from *source* to *back*."""
        used = self._used.setdefault(back, {})
        used[source] = used.get(source, 0) + 1

    def gave_back(self, source: str, back: Back) -> None:
        """One of them is over.  Raises KeyError if there was none."""
        used = self._used[back]
        used[source] -= 1
        if not used[source]:
            del used[source]
            if not used:
                del self._used[back]

    def used(self, source: str, back: Back) -> int:
        """Ports that *source* has in use towards *back*."""
        return self._used.get(back, {}).get(source, 0)

    def left(self, source: str, back: Back) -> int:
        """Ports it has left; less than none when the kernel had more than we knew."""
        used = self._used.get(back)
        return self.ports - used.get(source, 0) if used is not None else self.ports

    def __iter__(self) -> Iterator[tuple[str, Back, int]]:
        """Every pair in use, with its count."""
        for back, used in self._used.items():
            for source, count in used.items():
                yield source, back, count
