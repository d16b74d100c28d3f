"""
Text in, frozen values out: reads the configuration file.  Opens no socket.

What stands here is imported when it is asked for: the model takes half a second, and
who completes a command line or asks a running gateway wants a module beside it only
(``places``, ``spelling``).
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.config.model import Config
    from bridge.config.problems import ConfigError, Place, Problem
    from bridge.config.reader import Document, load, parse, summary

__all__ = [
    "Config",
    "ConfigError",
    "Document",
    "Place",
    "Problem",
    "load",
    "parse",
    "summary",
]

_WHERE = {
    "Config": "model",
    **dict.fromkeys(("ConfigError", "Place", "Problem"), "problems"),
    **dict.fromkeys(("Document", "load", "parse", "summary"), "reader"),
}


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = found
    return found
