"""Text in, frozen values out: reads the configuration file.  Opens no socket."""

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
