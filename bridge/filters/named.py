"""
A filter by the name of its class: ``package.module:Name``.

Here: importing it, and whether it is one that takes its settings.  Not here: where in a
configuration it stands (``doctor.own_filters``).
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from bridge.filters.about import About
from bridge.filters.filter import Filter
from bridge.filters.use import MakeFilter, Use

NOBODY = About(("2001:db8::1", 49152), ("2001:db8::2", 80), "check", session="check-0")
"""The session that one is made for to see whether it can be."""

_LONGEST = 300
"""Characters of what an exception says that are told."""


class FilterError(ValueError):
    """It cannot be used.  *key*: that of ``with`` which is at fault, if one is."""

    def __init__(self, message: str, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key


def look_in(folder: Path) -> None:
    """Have modules looked for in *folder*, an absolute path, too, and there last."""
    where = str(folder)
    if where not in sys.path:
        sys.path.append(where)


def use_of(name: str, settings: Mapping[str, Any]) -> Use:
    """
    The filter *name*, to be made with *settings*: it is made once, for nobody.

    Raises FilterError.
    """
    kind = class_of(name)
    _verify(kind, settings)
    make: MakeFilter = partial(kind, **settings) if settings else kind
    try:
        make(NOBODY)
    except Exception as error:
        raise FilterError(f"{name} cannot be made: {_told(error)}") from error
    return Use(make, bool(kind.reads_first), bool(kind.secures_later))


def class_of(name: str) -> type[Filter]:
    """The class *name*, of a module that is imported for it.  Raises FilterError."""
    where, _, word = name.partition(":")
    module = _imported(where)
    if not hasattr(module, word):
        raise FilterError(f"{where} has no {word}{_meant(word, module)}")
    kind = getattr(module, word)
    if not isinstance(kind, type) or not issubclass(kind, Filter):
        right = "make it a class, with that as its base"
        raise FilterError(f"{name} is no bridge.filters.Filter: {right}")
    return kind


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name != missing and not name.startswith(f"{missing}."):
            raise FilterError(f"{name} fails: {_told(error)}") from error
        right = "install it, or set PYTHONPATH"
        raise FilterError(f"there is no module {missing}: {right}") from error
    except (Exception, SystemExit) as error:  # whatever their module does
        raise FilterError(f"{name} fails: {_told(error)}") from error


def _meant(word: str, module: ModuleType) -> str:
    known = [
        each
        for each, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Filter) and value is not Filter
    ]
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if near:
        return f", did you mean {near[0]}?"
    return f", its filters are: {', '.join(known[:10])}" if known else ""


def _verify(kind: type[Filter], settings: Mapping[str, Any]) -> None:
    """Whether its ``__init__`` takes the keys of *settings*, and needs no others."""
    try:
        _, *taken = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError) as error:
        message = f"{kind.__name__} takes no session: write __init__(self, about)"
        raise FilterError(message) from error
    every = any(each.kind is each.VAR_KEYWORD for each in taken)
    known = {each.name: each for each in taken if each.kind in _BY_KEYWORD}
    for key in settings:
        if key not in known and not every:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else _known(list(known))
            raise FilterError(f"{kind.__name__} does not take this, {hint}", key)
    for key, parameter in known.items():
        if parameter.default is parameter.empty and key not in settings:
            raise FilterError(f"{kind.__name__} needs {key}: give it in with")


_BY_KEYWORD = (
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.KEYWORD_ONLY,
)


def _known(names: list[str]) -> str:
    return f"known here: {', '.join(names)}" if names else "nor anything else"


def _told(error: BaseException) -> str:
    """What it is in one line, with the place in the file that it comes from."""
    first = (str(error).splitlines() or [""])[0][:_LONGEST]
    what = f"{type(error).__name__}: {first}" if first else type(error).__name__
    at = _place(error.__traceback__)
    return f"{what} ({at})" if at and not isinstance(error, SyntaxError) else what


def _place(traceback: TracebackType | None) -> str:
    """The last line of theirs: not one of this file, nor of importing."""
    found = ""
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if file != __file__ and not file.startswith("<") and "importlib" not in file:
            found = f"{file}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return found
