"""Which servers a configuration may have."""

from __future__ import annotations

import pytest

from bridge.config import parse
from bridge.farm.dns_values import Sought
from bridge.service.known_servers import all_sought, may_have, words_of

CONFIG = parse("""
fronts: {web: {listen: "[2001:db8:64::/96]:443", to: legacy}}
farms:
  plain: {servers: ["192.0.2.1:80", {address: "192.0.2.2:80", name: b}]}
  named: {servers: [{address: "web.farm:80", name: red}]}
  service: {servers: [srv:_http._tcp.farm]}
  legacy: {map: {prefix: "2001:db8:64::/96", to: 192.0.2.0/24}}
""").config


@pytest.mark.parametrize(
    ("farm", "server", "may"),
    [
        ("plain", "192.0.2.1:80", True),
        ("plain", "b", True),
        ("plain", "192.0.2.2:80", False),
        ("named", "red@192.0.2.1:80", True),
        ("named", "reddish@192.0.2.1:80", False),
        ("service", "192.0.2.9:8080", True),
        ("legacy", "192.0.2.9:8080", True),
        ("gone", "b", False),
    ],
)
def test_a_server_may_be_there_or_not(farm: str, server: str, may: bool) -> None:
    assert may_have(CONFIG, farm, server) is may


def test_names_have_to_be_looked_up() -> None:
    assert all_sought(CONFIG) == {Sought("web.farm", 80), Sought("_http._tcp.farm")}


def test_a_configuration_says_which_servers_are_disabled() -> None:
    text = """
    fronts: {web: {listen: "[::1]:80", to: web}}
    farms:
      web:
        servers:
          - {address: "192.0.2.1:80", name: a, disabled: true}
          - {address: "a.farm:80", name: red, disabled: true}
          - {address: "b.farm:80", disabled: true}
          - c.farm:80
    """
    config = parse(text).config
    assert words_of(config, "web", "a") == {True, False}, "it may be c.farm's"
    assert words_of(CONFIG, "plain", "b") == {False}
    assert words_of(CONFIG, "plain", "gone") == frozenset()
    assert words_of(CONFIG, "legacy", "192.0.2.1:80") == {False}
