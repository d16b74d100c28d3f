"""What the picture is drawn from."""

from __future__ import annotations

from bridge.config import parse
from bridge.web.plan import plan

TEXT = """
profiles:
  internet: {base: wan, mtu: 1500, mss: safe}
  inside: {base: jumbo, mtu: 9000}
fronts:
  all: {listen: "[2001:db8:64::/96]:80", to: old}
  web: {listen: ["[::1]:80", "[::1]:81"], profile: internet, to: web}
  by_name: {listen: "[::1]:443", mode: sni, to: {a.example: web, "*": web}}
farms:
  web: {servers: [192.0.2.10:80], profile: inside, source: {pool: 100.64.0.0/10,
    per: 64, key: a-secret-that-nobody-sees}}
  old: {map: {prefix: "2001:db8:64::/96", to: [192.0.2.0/24]}}
"""


def test_it_has_both_networks_as_they_are_configured() -> None:
    config = parse(TEXT).config
    told = plan(config)
    web = told["fronts"]["web"]
    assert web["listen"] == ["[::1]:80", "[::1]:81"]
    assert (web["profile"], web["mtu"], web["announces"]) == ("internet", 1500, "safe")
    assert told["fronts"]["by_name"]["farms"] == ["web"]
    assert told["fronts"]["by_name"]["mode"] == "sni"
    assert told["farms"]["web"]["mtu"] == 9000
    assert [told["farms"][name]["map"] for name in ("web", "old")] == [False, True]
    assert "secret" not in str(told)
