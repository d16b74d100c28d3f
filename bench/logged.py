"""
Those compared with a line in the access log for every session, and without one.

A line is a good part of what a new connection costs, so whoever has one is compared
with others that have one as well.
"""

from __future__ import annotations

from functools import partial

from bench.contenders import Command, bridge, floor, haproxy, nginx

TEXT, JSON, NONE = "bridge/text", "bridge/json", "bridge/no log"
HAPROXY, NGINX = "haproxy/log", "nginx/log"
QUIET, FLOOR = "haproxy/no log", "floor/no log"

LOGGED: dict[str, Command] = {
    FLOOR: floor,
    NONE: partial(bridge, form="off"),
    TEXT: bridge,
    JSON: partial(bridge, form="json"),
    HAPROXY: partial(haproxy, logs=True),
    QUIET: haproxy,
    NGINX: partial(nginx, logs=True),
}
BEFORE = "before/json"

YARDSTICKS = (FLOOR, HAPROXY, QUIET)
