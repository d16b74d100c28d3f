"""
What may stand in each place of a command line: what the shells' completions offer.

Pure: a grammar in.  How a shell is told is in ``bash``, ``zsh`` and ``fish``.
"""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote

from bridge.config.keys import ITEM, NAME, ROOT
from bridge.control.grammar import OF_FILES, OF_KEYS, OF_THE_GATEWAY, Argument


@dataclass(frozen=True, slots=True)
class Asking:
    """How a shell asks the running gateway for names."""

    python: str
    """The interpreter that ``bridgectl`` runs on."""

    @property
    def command(self) -> str:
        """
        To which a kind, ``--`` and the line's words are added.

        Not from the folder where the shell happens to be (-P): whoever has put a
        package of our name there would be run by the press of a key.
        """
        return f"{quote(self.python)} -P -m bridge.control.known_names"


_NAME = "NAME"


class Files:
    """Names of files."""


@dataclass(frozen=True, slots=True)
class Words:
    """One of these."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """What a running gateway knows: ``server``, ``farm``, ``front``, ``session``."""

    kind: str


Offer = Files | Words | Names | None


def offered(argument: Argument) -> Offer:
    """What *argument*'s value may be; None: nothing that one could know."""
    if argument.choices:
        return Words(argument.choices)
    if argument.metavar in OF_FILES:
        return Files()
    if argument.metavar == OF_KEYS and not argument.flags:
        return Words(keys())
    word = argument.metavar
    if word == _NAME and argument.flags:
        word = argument.flags[-1].lstrip("-").upper()
    kind = OF_THE_GATEWAY.get(word)
    return Names(kind) if kind else None


def keys() -> tuple[str, ...]:
    """What ``explain`` is asked for: every key, and every map of names."""
    return tuple(
        key.path for key in ROOT.all_below() if not key.path.endswith((NAME, ITEM))
    )
