"""What is left of a session without the cycle collector: nothing, where all is well."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

Left: TypeAlias = Callable[[], list[object]]


@contextmanager
def uncollected(*kinds: type) -> Iterator[Left]:
    """
    The collector stands still meanwhile.  Call what this yields: objects of *kinds*
    that are there, and were not at first, when those of other tests may have been.
    """
    gc.collect()
    before = [each for each in gc.get_objects() if isinstance(each, kinds)]
    known = set(map(id, before))

    def left() -> list[object]:
        found = (each for each in gc.get_objects() if isinstance(each, kinds))
        return [each for each in found if id(each) not in known]

    gc.disable()
    try:
        yield left
    finally:
        gc.enable()
        before.clear()
