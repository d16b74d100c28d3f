"""Keys of hashes: what may be one, and that none is shown."""

import pytest
from pydantic import SecretStr

from bridge.config import parse
from bridge.config.secret_keys import LONGEST, PUBLIC, octets_of
from tests.configured import farm


@pytest.mark.parametrize("key", ["x", "é" * (LONGEST // 2), "k" * LONGEST])
def test_a_key_has_up_to_64_bytes(key: str) -> None:
    assert octets_of(farm(f"hash_key: {key}").hash_key) == key.encode()


def test_what_the_environment_had_in_another_encoding_is_a_key_too() -> None:
    assert octets_of(SecretStr("a\udcff")) == b"a\xff"


def test_no_key_is_shown() -> None:
    source = "source: {pool: 100.64.0.0/10, key: ${KEY}}"
    web = farm(source, KEY="wintergreen")
    assert web.pool is not None and octets_of(web.pool.key) == b"wintergreen"
    assert "wintergreen" not in repr(web)
    with pytest.raises(ValueError, match="1 to 64 bytes") as caught:
        farm(source, KEY="wintergreen" * 6)
    assert "wintergreen" not in str(caught.value)


def test_without_one_it_is_everybodys() -> None:
    text = "fronts: {a: {listen: '[::]:80', to: b}}\nfarms: {b: {servers: ['a.b:1']}}"
    assert octets_of(parse(text).config.farms["b"].hash_key) == PUBLIC.encode()
