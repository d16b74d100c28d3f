"""
What there is: the tree of resources.

Not here: what any of them says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.web.health import Health, alive, ready, well
from bridge.web.plain import Plain
from bridge.web.scrape import Scrape

if TYPE_CHECKING:
    from bridge.control.slices import Slices
    from bridge.processes.numbers import Numbers


def root_of(numbers: Numbers, slices: Slices) -> Plain:
    """Of the gateway with *numbers*; what takes long takes turns of *slices*."""
    root = Plain()
    root.putChild(b"metrics", Scrape(numbers, slices))
    root.putChild(b"livez", Health(numbers.standing, alive))
    root.putChild(b"readyz", Health(numbers.standing, ready))
    root.putChild(b"healthz", Health(numbers.reading, well))
    return root
