"""What commands want to know of a configuration."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Network

from bridge.config import Config, parse
from bridge.control.configured import access_log, maps, pools
from bridge.control.zone import why_not

PREFIX = IPv6Network("2001:db8:64::/96")
MAP = "map: {prefix: '2001:db8:64::/96', to: [192.0.2.0/24]}"


def config(farm: str, *fronts: str, more: str = "") -> Config:
    """A farm ``web``, and a front for each of *fronts*, which are keys of them."""
    each = (f"f{n}: {{to: web, {front}}}" for n, front in enumerate(fronts))
    text = f"fronts: {{{', '.join(each)}}}\nfarms: {{web: {{{farm}}}}}\n{more}"
    return parse(text, name="f").config


def test_an_ordinary_configuration_has_neither_pool_nor_map() -> None:
    plain = config("servers: [192.0.2.1:80], source: 192.0.2.9", "listen: '[::]:80'")
    assert pools(plain) == [] and maps(plain) == {}


def test_farms_with_one_pool_and_key_share_their_pseudonyms() -> None:
    farm = "servers: [192.0.2.1:80], source: {pool: 100.64.0.0/10, key: %s}"
    farms = ", ".join(f"{n}: {{{farm % key}}}" for n, key in ("ax", "by", "cx"))
    text = f"fronts: {{f: {{listen: '[::]:80', to: a}}}}\nfarms: {{{farms}}}"
    found = pools(parse(text, name="f").config)
    assert [pool.farms for pool in found] == [("a", "c"), ("b",)]
    names = {pool.names.pseudonym("2001:db8::1") for pool in found}
    assert len(names) == 2


def test_beside_source_client_a_pool_is_for_ipv6_alone() -> None:
    farm = "servers: [192.0.2.1:80], source: %s"
    pool = "{pool: 100.64.0.0/10}"
    (plain,) = pools(config(farm % pool, "listen: '[::]:80'"))
    both = f"{{client: true, otherwise: {pool}}}"
    (beside,) = pools(config(farm % both, "listen: '[::]:80'"))
    assert (plain.only_ipv6, beside.only_ipv6) == (False, True)


def test_a_map_is_had_by_its_farms_name() -> None:
    found = maps(config(MAP, "listen: '[::]:80'"))
    assert found["web"].fronts == (PREFIX,)


def test_a_map_does_not_lead_into_a_pool() -> None:
    wide = MAP.replace("192.0.2.0/24", "100.0.0.0/8")
    pool = f"{wide}, source: {{pool: 100.64.0.0/10}}"
    (found,) = maps(config(pool, "listen: '[::]:80'")).values()
    assert "gateway's own" in why_not(found, IPv4Address("100.64.0.1"))
    assert not why_not(found, IPv4Address("100.63.0.1"))


def test_the_access_log_is_a_file_or_none() -> None:
    def log(access: str) -> str | None:
        more = f"log: {{access: {access}}}"
        return access_log(
            config("servers: [192.0.2.1:80]", "listen: '[::]:80'", more=more)
        )

    assert log("/var/log/bridge.log") == "/var/log/bridge.log"
    assert log("'-'") is None and log("off") is None
