"""
What the commands of ``bridgectl`` have in common: how one ends that cannot do its work.

A wrong command line is 2, and the parser's to say; a wrong configuration is 78, and a
ConfigError; all else is a CommandError.
"""

from __future__ import annotations

import argparse
from typing import TypeAlias

# Quoted, because the class is only generic in type stubs.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""Where a command adds its own parser."""

DONE, FAILED, WRONG_LINE = 0, 1, 2
EX_CONFIG = 78  # sysexits.h


class CommandError(Exception):
    """A command cannot do it.  Its text is one line: what is wrong, and the cure."""


class UsageError(Exception):
    """The command line is wrong in a way that argparse cannot know."""
