"""
The checks of a farm's servers as configured: what each is asked, and how often.

Here: a ``check`` becomes what makes the check of one server, and what two checks have
in common if they find the same.  Not here: how a check goes (``farm.check``), and what
its verdict leads to (``farm.health``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import blake2b

from bridge.config.check import Check as CheckConfig
from bridge.config.farm import Farm as FarmConfig
from bridge.config.hostnames import HostName
from bridge.config.model import Config
from bridge.farm.check import Check, Settings, over_pump
from bridge.farm.mysql import Mysql
from bridge.farm.probe import Exchange, Http, Question, Tcp
from bridge.farm.products import Postgres, Redis, Smtp
from bridge.farm.server import Server
from bridge.net.pump import Pump
from bridge.net.sockaddr import describe
from bridge.session.preface import OwnPreface
from bridge.watch.repeated import Repeated

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


def asked_of(config: Config, farm: str) -> Callable[[Server], str]:
    """
    What stands for all that a server of *farm* is asked, and how it is reached, but for
    its addresses.

    Where it is the same, so is the verdict: in another process, with another
    configuration.  Empty: it is not checked.
    """
    configured = config.farms[farm]
    if configured.check is None:
        return lambda server: ""
    settings = (
        configured.check,
        configured.connect_timeout,
        configured.send_proxy,
        configured.own_sources,
        configured.tls,
        config.profile(configured.profile),
    )
    digest = blake2b(repr(settings).encode("utf-8", "backslashreplace"), digest_size=12)

    def asked(server: Server) -> str:
        """For TLS a server is who it is called, which depends on its place."""
        whose = digest.copy()
        if configured.servers:
            address = configured.servers[server.place].address
            whose.update(
                address.host.encode() if isinstance(address, HostName) else b""
            )
        return whose.hexdigest()

    return asked


def tell_hindered(
    failures: Repeated | None, farm: str, server: Server, why: str
) -> None:
    """A check of *server* could not be made.  *failures*: None if nobody cares."""
    if failures is not None:
        detail = f"{why}, server {server.name}"
        failures.tell(f"farm {farm}", "a check could not be made", detail)


def question(configured: CheckConfig, server: Server) -> Question:
    """What *server* is asked."""
    if configured.kind == "http":
        host = configured.host or describe(server.target.sockaddr)
        return Http(configured.path, host, configured.status)
    if configured.kind == "exchange":
        return Exchange(configured.send, configured.expect)
    return PRODUCTS.get(configured.kind, Tcp())
