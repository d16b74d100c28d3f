"""Fixtures for all tests."""

from tests.founded import found
from tests.netlab.fixtures import lab
from tests.pumping import turner
from tests.secured import make

__all__ = ["found", "lab", "make", "turner"]
