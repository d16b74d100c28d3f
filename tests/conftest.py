"""Fixtures for all tests."""

from tests.netlab.fixtures import lab
from tests.pumping import turner
from tests.secured import make

__all__ = ["lab", "make", "turner"]
