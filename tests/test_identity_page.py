"""docs/identity.md: its configurations load, its sums are right."""

from __future__ import annotations

import math
import re
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from bridge.config import load
from bridge.net.pseudonym import Pseudonyms

PAGE = (Path(__file__).parent.parent / "docs" / "identity.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


EXAMPLES = blocks("yaml")


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.split()[1])
def test_an_example_loads(text: str, tmp_path: Path) -> None:
    (tmp_path / "networks").mkdir()
    (tmp_path / "networks/blocked.txt").write_text("192.0.2.0/24  # somebody\n")
    file = tmp_path / "bridge.yaml"
    file.write_text(text)
    assert load(file, {"POOL_KEY": "secret"}).config.farms


def test_every_way_has_an_example() -> None:
    assert len(EXAMPLES) == 6
    for key in ("send_proxy:", "accept_proxy:", "pool:", "client:", "map:", "deny:"):
        assert any(key in text for text in EXAMPLES)


def shared(clients: int, pool: str) -> float:
    """The part of *clients* that have a pseudonym which another has, too."""
    return 1 - math.exp(-clients / IPv4Network(pool).num_addresses)


def test_as_many_share_a_pseudonym_as_it_says() -> None:
    assert "in a /10 that is one in forty, in a /16 four of five" in PAGE
    assert round(1 / shared(100_000, "100.64.0.0/10"), -1) == 40
    assert round(shared(100_000, "10.1.0.0/16") * 5) == 4
    assert "a\n/16 it is one in sixty-five" in PAGE
    assert round(1 / shared(1000, "10.1.0.0/16")) in range(63, 68)


def test_halves_of_a_pool_have_a_client_at_the_same_place() -> None:
    halves = [IPv4Network("100.64.0.0/11"), IPv4Network("100.96.0.0/11")]
    assert all(str(half) in PAGE for half in halves)
    first, second = (Pseudonyms(half, b"secret") for half in halves)
    distances = {
        int.from_bytes(map(int, second.pseudonym(client).split(".")), "big")
        - int.from_bytes(map(int, first.pseudonym(client).split(".")), "big")
        for client in (f"2001:db8:{n:x}::1" for n in range(100))
    }
    assert distances == {1 << 21}
