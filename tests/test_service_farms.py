"""All farms of a configuration, and what they share."""

from __future__ import annotations

from typing import Any

from bridge.config import parse
from bridge.farm.farm import Farm
from bridge.farm.lookup import Lookup
from bridge.net.securities import FarmSecurities
from bridge.service.farms import Farms
from tests.handshakes import FarmTls
from tests.pumping import Turner
from tests.zones import Zone, a

TEXT = """
fronts: {web: {listen: "[::1]:0", to: one}}
farms:
  one: {servers: ["a.farm:80"], check: off}
  two: {servers: ["b.farm:80", "192.0.2.9:80"], check: {interval: 1s}}
"""


def test_farms_are_found_by_their_names(turner: Turner) -> None:
    farms = Farms(parse(TEXT).config, turner.pump, {})
    assert list(farms) == ["one", "two"] and len(farms) == 2
    assert farms["two"].name == "two"
    assert "three" not in farms and not farms["one"].servers, "not before the start"


def test_farms_share_what_looks_up_names_and_stop_together(turner: Turner) -> None:
    zone = Zone(**{"a.farm": [a("192.0.2.1")], "b.farm": [a("192.0.2.2")]})
    made = []

    def lookup() -> Lookup:
        made.append(Lookup(turner.reactor, zone))
        return made[-1]

    farms = Farms(parse(TEXT).config, turner.pump, {}, lookup)
    farms.start()
    assert len(made) == 1 and len(list(farms.names)) == 2
    assert [str(s.back) for s in farms["one"].servers] == ["('192.0.2.1', 80)"]
    assert len(farms["two"].servers) == 2
    assert turner.reactor.getDelayedCalls()
    farms.stop()
    turner.settle()
    assert turner.reactor.getDelayedCalls() == []


def test_farms_share_what_asks_for_names(found: Any) -> None:
    zone = Zone(**{"a.farm": [a("192.0.2.1")], "b.farm": [a("192.0.2.2")]})
    made = found('["a.farm:80", "b.farm:80"]', "check: off", zone=zone)
    assert len(made.names) == 2
    assert made.asked == 1


MAPPED = """
fronts: {web: {listen: "[2001:db8:64::/96]:443", to: legacy}}
farms:
  legacy: {map: {prefix: "2001:db8:64::/96", to: 192.0.2.0/24}, check: off}
"""


def test_a_mapped_server_is_asked_to_be_its_own_ipv4_address(turner: Turner) -> None:
    """Not the IPv6 one, which its certificate cannot have; and it is sent no name."""
    tls = FarmSecurities("legacy", FarmTls(), lambda: 0.0)
    farms = Farms(parse(MAPPED).config, turner.pump, {"legacy": tls})
    farms.start()
    farm = farms.mapped["legacy"].find("2001:db8:64::c000:24d", 443)
    assert isinstance(farm, Farm)
    (server,) = farm.servers
    assert server.back == ("192.0.2.77", 443)
    assert server.target.security is tls.to("192.0.2.77", 443)
    assert server.target.security.name == ""
    farms.stop()
