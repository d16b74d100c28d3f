"""Names to farms, as a front of mode sni has them."""

from __future__ import annotations

from bridge.config import parse
from bridge.config.model import Front
from tests.test_broken_configurations import (
    FARMS,
    FRONTS,
)
from tests.test_config_tls import sni


def routed(to: str) -> Front:
    return parse(sni(to)).config.fronts["web"]


def test_names_lead_to_farms() -> None:
    read = routed('{A.example: web, "*.b.example": web, "*": web, default: web}')
    assert list(read.to) == ["a.example", "*.b.example", "*", "default"]
    assert read.farms == ("web",)


def test_one_farm_is_the_farm_of_everything() -> None:
    read = parse(FRONTS + FARMS).config.fronts["web"]
    assert dict(read.to) == {"default": "web"} and read.farms == ("web",)
