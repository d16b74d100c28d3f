"""Short configurations, read: what tests of single keys put theirs into."""

from typing import Any

from bridge.config import Config, parse
from bridge.config.check import Check
from bridge.config.farm import Farm

SHORTEST = """
fronts: {web: {listen: "[::]:80", to: web}}
farms:  {web: {servers: [192.0.2.10:80]}}
"""


def config(text: str = "") -> Config:
    return parse(SHORTEST + text).config


def front(keys: str) -> Any:
    text = SHORTEST.replace("to: web", f"to: web, {keys}")
    return parse(text).config.fronts["web"]


TEXT = """
fronts: {web: {listen: "[::]:80", to: web}}
farms:
  web:
    servers: [%s]
    %s
"""


def farm(keys: str = "", servers: str = "192.0.2.10:80", **environment: str) -> Farm:
    document = parse(TEXT % (servers, keys), environment=environment)
    return document.config.farms["web"]


def check(keys: str) -> Check:
    found = farm(f"check: {{{keys}}}").check
    assert found is not None
    return found
