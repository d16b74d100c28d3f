"""Fixtures for all tests, and what is done after each file of them."""

from __future__ import annotations

import gc

import pytest

from tests.founded import found
from tests.netlab.fixtures import lab
from tests.pumping import turner
from tests.secured import make

__all__ = ["found", "lab", "make", "turner"]


@pytest.hookimpl(trylast=True)  # when its fixtures are gone, too
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """
    After a file's last test: what it has left open is told here, and not at a test
    that the collector happens to run in.
    """
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
