"""
The one line of the log that a change of a server's state is worth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.logger import Logger, LogLevel

from bridge.farm.state import TRAFFIC

if TYPE_CHECKING:
    from bridge.farm.parties import Traffic
    from bridge.farm.server import Server

_log = Logger(namespace="bridge.farm")


def say(traffic: Traffic, server: Server, why: str, aloud: bool) -> None:
    """
    That it is in its state, *why*, and how many of *traffic* get sessions.

    Not *aloud* where another process says the same: then it is for who traces this one.
    """
    standing, servers = traffic.standing()
    bad = LogLevel.warn if standing else LogLevel.error
    level = LogLevel.info if server.state in TRAFFIC else bad
    _log.emit(
        level if aloud else LogLevel.debug,
        "farm {farm}: server {server} is {state}, {why}; {standing} of {servers} "
        "servers get sessions",
        event="server_state",
        farm=traffic.name,
        server=server.name,
        state=server.state.value,
        why=why,
        standing=standing,
        servers=servers,
    )
