"""What is wrong between the parts of a configuration, asked of plain values."""

from typing import Any

from bridge.config import references
from bridge.config.problems import Flaw, Path, Place, Spot

TOP = Spot("f", 1, 1)
PLACES: dict[Path, Place] = {(): Place(TOP, TOP)}


def flaws(**sections: Any) -> list[Flaw]:
    return list(references.flaws(sections, PLACES))


def paths(**sections: Any) -> list[Path]:
    return [flaw.path for flaw in flaws(**sections)]
