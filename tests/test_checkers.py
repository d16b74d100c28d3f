"""What a worker names becomes a server, as its own process would have made it."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from bridge.config import parse
from bridge.farm.server_state import addresses_of
from bridge.net.securities import FarmSecurities
from bridge.service.checkers import Checkers, Named
from bridge.service.checks import asked_of
from tests.handshakes import FarmTls
from tests.pumping import Turner
from tests.servers import server

TEXT = """
fronts: {{web: {{listen: "[2001:db8:64::/96]:443", to: legacy}}}}
farms:
  web:
    servers: ["127.0.0.1:{port}", "web.farm:81", "srv:_http._tcp.farm"]
    check: {{interval: 1s, rise: 1, fall: 1}}
  legacy: {{map: {{prefix: "2001:db8:64::/96", to: 192.0.2.0/24}}}}
  blind: {{servers: ["192.0.2.1:80"], check: off}}
"""


def checkers(turner: Turner, port: int = 80, **securities: Any) -> Checkers:
    config = parse(TEXT.format(port=port)).config
    return Checkers(config, turner.pump, securities, None, 1)


@pytest.mark.parametrize(
    ("farm", "place", "addresses"),
    [
        ("web", 0, ("127.0.0.1:80",)),
        ("web", 1, ("192.0.2.7:81",)),
        ("web", 1, ("[2001:db8::7]:81", "192.0.2.7:81")),
        ("web", 2, ("192.0.2.7:8080",)),
        ("legacy", 0, ("192.0.2.99:443",)),
    ],
)
def test_a_server_is_reached_where_it_was_said_to_be(
    turner: Turner, farm: str, place: int, addresses: tuple[str, ...]
) -> None:
    made = checkers(turner)
    maker = made._maker(farm)
    assert addresses_of(maker.server(Named(farm, place, addresses, ""))) == addresses


def test_a_server_behind_a_name_must_be_who_it_is_called(turner: Turner) -> None:
    tls = FarmSecurities("web", FarmTls(), lambda: 0.0)
    maker = checkers(turner, web=tls)._maker("web")
    found = maker.server(Named("web", 1, ("192.0.2.7:81",), ""))
    assert found.target.security is tls.to("web.farm", 81)


def test_a_farm_that_is_not_checked_or_not_there_has_no_checks(turner: Turner) -> None:
    made = checkers(turner)
    for farm in ("blind", "gone"):
        with pytest.raises(LookupError):
            made.check(Named(farm, 0, ("192.0.2.1:80",), ""), lambda up, why: None)


def test_a_check_asks_the_server_itself(turner: Turner) -> None:
    verdicts: list[tuple[bool, str]] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        made = checkers(turner, port)
        named = Named("web", 0, (f"127.0.0.1:{port}",), "")
        check = made.check(named, lambda up, why: verdicts.append((up, why)))
        check.start()
        turner.reactor.advance(1)
        turner.settle()
        assert (check.up, check.sure, verdicts) == (True, True, [])
    turner.reactor.advance(1.2)
    turner.settle()
    assert [up for up, _ in verdicts] == [False]
    check.stop()
    turner.settle()


def asked(farm: str, place: int = 0) -> str:
    rest = "profiles: {slow: {base: lan, mss: 500}}\n"
    rest += 'fronts: {f: {listen: "[::]:1", to: web}}'
    config = parse(f"{rest}\nfarms: {{web: {farm}}}").config
    return asked_of(config, "web")(server("a", place=place))


SAME = '{servers: ["192.0.2.1:80"], check: {kind: tls}, tls: {identity: a}}'


def test_what_is_asked_the_same_way_stands_for_the_same() -> None:
    more = '{servers: ["192.0.2.9:80", "192.0.2.1:80"], check: {kind: tls}, '
    more += "tls: {identity: a}, balance: first, eject: off}"
    assert asked(SAME) == asked(more) != ""


@pytest.mark.parametrize(
    "other",
    [
        SAME.replace("kind: tls", "kind: tls, interval: 3s"),
        SAME.replace("identity: a", "identity: b"),
        SAME.replace("check:", "send_proxy: v2, check:"),
        SAME.replace("check:", "source: 127.0.0.1, check:"),
        SAME.replace("check:", "profile: slow, check:"),
        SAME.replace("192.0.2.1:80", "web.farm:80"),
        SAME.replace("{kind: tls}", "off"),
    ],
)
def test_what_is_asked_or_reached_otherwise_stands_for_something_else(
    other: str,
) -> None:
    assert asked(SAME) != asked(other)


def test_nothing_is_asked_where_there_is_no_check() -> None:
    assert asked('{servers: ["192.0.2.1:80"], check: off}') == ""
    assert asked('{servers: ["a.b:80", "a.c:80"]}', 0) != asked(
        '{servers: ["a.b:80", "a.c:80"]}', 1
    )
