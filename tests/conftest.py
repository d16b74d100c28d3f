"""Fixtures for all tests."""

from tests.netlab.fixtures import lab

__all__ = ["lab"]
