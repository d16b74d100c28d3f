"""One filter of a front, as its sessions use it: who makes one, and what it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from bridge.filters.about import About
from bridge.filters.filter import Filter

_METHODS = ("__init__", *(name for name in vars(Filter) if name[0] != "_"))

MakeFilter: TypeAlias = Callable[[About], Filter]
"""Makes one session's filter.  An exception ends that session as ``error``."""


@dataclass(frozen=True, slots=True)
class Use:
    """What is known of a filter before there is a session for it."""

    make: MakeFilter
    reads_first: bool = False
    """As ``Filter.reads_first``, of what *make* makes."""
    secures_later: bool = False
    """As ``Filter.secures_later``."""

    @property
    def idle(self) -> bool:
        """What it makes is no more than ``Filter``: it need not be asked."""
        make = self.make
        return (
            isinstance(make, type)
            and issubclass(make, Filter)
            and all(getattr(make, each) is getattr(Filter, each) for each in _METHODS)
        )

    @classmethod
    def of(cls, kind: type[Filter]) -> Use:
        """Of *kind*, made with no settings of its own."""
        return cls(kind, kind.reads_first, kind.secures_later)
