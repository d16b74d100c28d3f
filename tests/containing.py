"""The Containerfile as values: its stages, and the words of their steps."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parent.parent

Step = tuple[str, list[str]]
"""``COPY`` and its words."""


def stages() -> list[list[Step]]:
    """What is done in each, from its FROM on."""
    text = (ROOT / "Containerfile").read_text().replace("\\\n", " ")
    found: list[list[Step]] = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        kind, rest = line.split(maxsplit=1)
        if kind == "FROM":
            found.append([])
        words = json.loads(rest) if rest.startswith("[") else rest.split()
        found[-1].append((kind, words))
    return found


def of(stage: list[Step], kind: str) -> list[list[str]]:
    """The words of all steps of a *kind*."""
    return [words for each, words in stage if each == kind]


def command() -> list[str]:
    """What a container of the image runs."""
    last = stages()[-1]
    (entry,), (arguments,) = of(last, "ENTRYPOINT"), of(last, "CMD")
    return [*entry, *arguments]
