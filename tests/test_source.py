"""The forms of a farm's ``source``, and what is asked of each."""

from ipaddress import IPv4Network

import pytest
from pydantic import SecretStr

from bridge.config.keys import find
from bridge.config.source import ClientSource, Pool
from bridge.net.pseudonym import NoPseudonymError, Pseudonyms
from tests.configured import farm

POOL = IPv4Network("100.64.0.0/10")
SIX = '"[2001:db8::1]:80"'


@pytest.mark.parametrize(
    ("written", "source"),
    [
        ("auto", ()),
        ("192.0.2.9", ("192.0.2.9",)),
        ('[192.0.2.9, "2001:DB8::9"]', ("192.0.2.9", "2001:db8::9")),
        ("{pool: 100.64.0.0/10}", Pool(pool=POOL)),
        (
            '{pool: 100.64.0.0/10, per: "56", key: x}',
            Pool(pool=POOL, per=56, key=SecretStr("x")),
        ),
        ("{client: true, otherwise: auto}", ClientSource(client=True, otherwise=())),
        (
            "{client: true, otherwise: 192.0.2.9}",
            ClientSource(client=True, otherwise=("192.0.2.9",)),
        ),
        (
            "{client: true, otherwise: {pool: 100.64.0.0/10}}",
            ClientSource(client=True, otherwise=Pool(pool=POOL)),
        ),
    ],
)
def test_a_source_is_one_of_several_forms(written: str, source: object) -> None:
    assert farm(f"source: {written}").source == source


@pytest.mark.parametrize("written", ["client", "{client: true}", '{client: "true"}'])
def test_the_clients_own_address_needs_no_alternative(written: str) -> None:
    source = farm(f"source: {written}", SIX).source
    assert source == ClientSource(client=True, otherwise=None)


@pytest.mark.parametrize(
    ("written", "own", "has_pool"),
    [
        ("auto", (), False),
        ("[192.0.2.9]", ("192.0.2.9",), False),
        ("{pool: 100.64.0.0/10}", (), True),
        ("{client: true, otherwise: [192.0.2.9]}", ("192.0.2.9",), False),
        ("{client: true, otherwise: {pool: 100.64.0.0/10}}", (), True),
    ],
)
def test_a_farm_tells_its_addresses_and_its_pool_wherever_they_stand(
    written: str, own: tuple[str, ...], has_pool: bool
) -> None:
    web = farm(f"source: {written}")
    assert (web.own_sources, web.pool is not None) == (own, has_pool)


def test_a_pool_gives_the_pseudonyms_of_its_key() -> None:
    pool = farm("source: {pool: 100.64.0.0/24, per: 56, key: x}").pool
    assert pool is not None
    one, same = pool.pseudonyms(), Pseudonyms(IPv4Network("100.64.0.0/24"), b"x", 56)
    assert one.pseudonym("2001:db8::1") == same.pseudonym("2001:db8:0:ff::2")
    with pytest.raises(NoPseudonymError):
        pool.pseudonyms(lambda ipv4: True).pseudonym("2001:db8::1")


def test_the_keys_of_all_forms_are_known() -> None:
    for path in ("source.pool", "source.client", "source.otherwise.pool"):
        assert find(["farms", "web", *path.split(".")]) is not None
