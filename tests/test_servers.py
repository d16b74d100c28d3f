"""A configured server as what is dialed; more of it, started, in test_service_farm."""

from __future__ import annotations

from bridge.config import parse
from bridge.farm.dns_values import Found
from bridge.farm.state import State
from bridge.net.address import Address
from bridge.net.securities import FarmSecurities
from bridge.service.servers import Making
from tests.handshakes import FarmTls

TEXT = """
fronts: {web: {listen: "[::1]:0", to: web}}
farms:
  web:
    servers:
      - {address: "192.0.2.1:80", name: a, weight: 3, disabled: true}
      - {address: "web.farm:81", name: b}
      - srv:_http._tcp.farm
"""


def making(**securities: FarmSecurities) -> Making:
    return Making("web", parse(TEXT).config, securities)


def test_a_written_server_is_as_its_place_says() -> None:
    made = making().written(0)
    assert (made.name, made.weight, made.place) == ("a", 3, 0)
    assert (made.disabled, made.state) == (True, State.DISABLED)


def test_who_a_name_stands_for_is_secured_by_that_name() -> None:
    tls = FarmSecurities("web", FarmTls(), lambda: 0.0)
    found = Found((Address("192.0.2.7", 81),), weight=9)
    made = making(web=tls).found(1, found)
    assert (made.name, made.back, made.weight) == (
        "b@192.0.2.7:81",
        ("192.0.2.7", 81),
        1,
    )
    assert made.target.security is tls.to("web.farm", 81)


def test_the_records_of_a_service_say_what_its_servers_weigh() -> None:
    found = Found((Address("192.0.2.7", 81),), weight=9, backup=True)
    made = making().found(2, found)
    assert (made.name, made.weight, made.backup) == ("192.0.2.7:81", 9, True)


def test_a_server_behind_a_map_is_called_by_its_address() -> None:
    assert making().behind(("192.0.2.9", 443)).name == "192.0.2.9:443"
