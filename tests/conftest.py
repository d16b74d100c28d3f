"""Fixtures for all tests, what is done after each file, and who runs which."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests.founded import found
from tests.netlab.fixtures import lab
from tests.pumping import turner
from tests.secured import make

if TYPE_CHECKING:
    from tests.sharing_out import ByFile

__all__ = ["found", "lab", "make", "turner"]

# How long an example takes is the machine's affair.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.hookimpl(trylast=True)  # when its fixtures are gone, too
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """
    After a file's last test: what it has left open is told here, and not at a test
    that the collector happens to run in.
    """
    if nextitem is None or nextitem.path != item.path:
        gc.collect()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """With ``-n``; xdist is not needed without."""
    from tests.sharing_out import ByFile

    return ByFile(config, log)
