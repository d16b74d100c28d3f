"""
The checks of a farm's servers as configured: what each is asked, and how often.

Here: a ``check`` becomes what makes the check of one server.  Not here: how a check
goes (``farm.check``), and what its verdict leads to (``farm.health``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial

from bridge.config.check import Check as CheckConfig
from bridge.config.farm import Farm as FarmConfig
from bridge.farm.check import Check, Settings, over_pump
from bridge.farm.mysql import Mysql
from bridge.farm.probe import Exchange, Http, Question, Tcp
from bridge.farm.products import Postgres, Redis, Smtp
from bridge.farm.server import Server
from bridge.net.pump import Pump
from bridge.net.sockaddr import describe
from bridge.session.preface import OwnPreface

PRODUCTS: Mapping[str, Question] = {
    "mysql": Mysql(), "postgres": Postgres(), "redis": Redis(), "smtp": Smtp(),
}  # fmt: skip
"""What servers are asked by the kinds of check that have no keys of their own."""


def checks_of(
    farm: FarmConfig,
    configured: CheckConfig,
    pump: Pump,
    hindered: Callable[[Server, str], None],
) -> Callable[..., Check]:
    """
    What makes the check of one server of *farm*.

    *hindered* is told of those that this host cannot make.
    """
    sent = farm.send_proxy
    preface = OwnPreface(1 if sent.version == "v1" else 2) if sent is not None else None
    within = min(farm.connect_timeout, configured.timeout)

    def check(server: Server, verdict: Callable[[bool, str], None]) -> Check:
        settings = Settings(
            question=question(configured, server),
            random=random.random,
            interval=configured.interval,
            timeout=configured.timeout,
            connect=within,
            rise=configured.rise,
            fall=configured.fall,
            hindered=partial(hindered, server),
        )
        secure = configured.kind != "tcp"
        dial = over_pump(pump, server, within=within, secure=secure, preface=preface)
        return Check(settings, pump.reactor, dial, verdict)

    return check


def question(configured: CheckConfig, server: Server) -> Question:
    """What *server* is asked."""
    if configured.kind == "http":
        host = configured.host or describe(server.target.sockaddr)
        return Http(configured.path, host, configured.status)
    if configured.kind == "exchange":
        return Exchange(configured.send, configured.expect)
    return PRODUCTS.get(configured.kind, Tcp())
