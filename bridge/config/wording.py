"""pydantic's errors in the operator's words, each at its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bridge.config.keys import ROOT, find, meant
from bridge.config.problems import Flaw, Path, Place, place_of
from bridge.config.profile import NAME
from bridge.config.scalars import shown
from bridge.config.source import TAGS
from bridge.config.spelling import did_you_mean, nearest

_KEY = "[key]"  # how pydantic marks an error of a map's key
_A_NAME = "letters, digits, - _ and ., at most 63, the first a letter or digit"


def flaws(error: ValidationError, places: Mapping[Path, Place]) -> Iterator[Flaw]:
    """What *error* says, with unknown keys first: they explain what follows."""
    details = error.errors(include_url=False)
    for each in details:
        each["loc"] = tuple(step for step in each["loc"] if step not in TAGS)
    details.sort(key=lambda detail: detail["type"] != "extra_forbidden")
    implied = {path for detail in details for path in _meant(detail)}
    for detail in details:
        if detail["type"] != "missing" or detail["loc"] not in implied:
            yield _flaw(detail, places)


def _meant(detail: ErrorDetails) -> Iterator[Path]:
    """The keys that an error stands in for: that they are missing is no second one."""
    *above, last = detail["loc"] or ("",)
    if detail["type"] == "extra_forbidden":
        parent = find(above)
        word = nearest(str(last), parent.below if parent else ())
        if word:
            yield (*above, word)


def _flaw(detail: ErrorDetails, places: Mapping[Path, Place]) -> Flaw:
    path: Path = detail["loc"]
    about_key = detail["type"] == "extra_forbidden" or path[-1:] == (_KEY,)
    if path[-1:] == (_KEY,):
        path = path[:-1]
    if detail["type"] == "missing":
        about_key = True
    elif path not in places:  # a server's address, where the server is only that
        path = path[:-1]
    place = place_of(places, path)
    return Flaw(place.key if about_key else place.value, path, _message(detail, path))


def _message(detail: ErrorDetails, path: Path) -> str:
    kind, value = detail["type"], detail["input"]
    context: dict[str, Any] = detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "extra_forbidden":
        word, above = str(path[-1]), find(path[:-1]) or ROOT
        if word in above.below:  # a value of several forms, of which this is another's
            return "does not go with the keys beside it: take it out, or those"
        return f"unknown key, {meant(word, above)}"
    if kind == "literal_error":
        choice = context["expected"].replace("'", "")
        near = did_you_mean(str(value), choice.replace(" or ", ", ").split(", "))
        hint = f", {near}" if near.startswith("did") else ""
        return f"{shown(value)} is not {choice}{hint}"
    if kind == "missing":
        key = find(path)
        return f"is missing: give {key.kind}" if key else "is missing"
    what = next((what for key, what in _NAMED.items() if key in path[2:4]), "")
    if kind == "string_type" and what and isinstance(value, list | dict):
        return f"{shown(value)} is no text: {_one(value, what)}"
    if kind in _NO_MATCH and NAME not in context.get("pattern", ""):
        key = find(path)
        return f"{shown(value)} is not {key.kind if key else 'that'}"
    fixed = _FIXED.get(kind)
    return fixed.format(value=shown(value)) if fixed else str(detail["msg"])


def _one(value: object, what: str) -> str:
    """What to write where one name is wanted."""
    like = value[0] if isinstance(value, list) and value else ""
    example = f", like {like}" if isinstance(like, str) and like else ""
    return f"write one {what}'s name{example}"


_NAMED = {"to": "farm", "profile": "profile", "base": "profile"}
"""Keys whose values are names, and of what."""

_NO_MATCH = ("string_pattern_mismatch", "string_too_long")
# By pydantic's error types: pydantic.dev/latest/errors/validation_errors.
_FIXED = {
    "model_type": "{value} is no map: write its keys with a colon each",
    "mapping_type": "{value} is no map: write names with a colon each",
    "dict_type": "{value} is no map: write names with a colon each",
    "tuple_type": "{value} is no list: write [A, B], or a line with a dash for each",
    "string_type": "{value} is no text: quote it",
    "string_pattern_mismatch": "{value} is no name: " + _A_NAME,
    "too_short": "is empty: at least one is needed",
}
