"""What the keys of TLS owe each other, asked of plain values."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.config.keys import Known
from bridge.config.tls_checks import farm_flaws, front_flaws
from tests.flawed import PLACES
from tests.test_config_tls import certificate, front_tls, tls

FARMS = Known({"web": {}})
BASE = ("x",)


@pytest.mark.parametrize(
    ("front", "wrong"),
    [
        ({"to": "web"}, []),
        ({"to": {"a.example": "web"}, "mode": "sni"}, []),
        ({"to": {"a.example": "web"}}, ["to"]),
        ({"to": "web", "mode": "sni"}, ["to"]),
        ({"to": {"a.example": "wbe"}, "mode": "sni"}, ["to a.example"]),
        ({"to": {"a.b": "web", "A.b": "web"}, "mode": "sni"}, ["to A.b"]),
        ({"to": {"a.b": "web"}, "mode": "sni", "tls": {}}, ["tls"]),
        (
            {"tls": {"certificates": [{}], "client_certificate": "required"}},
            ["tls client_certificate"],
        ),
        ({"tls": {"client_ca": "ca.pem"}}, ["tls client_ca"]),
        ({"tls": 5, "to": {"a..b": 5}, "mode": "sni"}, []),
    ],
)
def test_what_the_keys_of_a_front_owe_each_other(
    front: dict[str, Any], wrong: list[str]
) -> None:
    found = front_flaws(BASE, front, FARMS, PLACES)
    assert [" ".join(map(str, flaw.path[1:])) for flaw in found] == wrong


@pytest.mark.parametrize(
    ("farm", "wrong"),
    [
        ({"tls": "off", "check": {"kind": "tcp"}}, []),
        ({"check": {"kind": "tls"}}, ["check kind"]),
        ({"tls": {}, "check": {"kind": "tls"}}, []),
        ({"tls": {}, "servers": ["srv:_a._tcp.b", "192.0.2.1:80"]}, ["servers 0"]),
        ({"tls": {}, "servers": [{"address": "srv:_a._tcp.b"}]}, ["servers 0 address"]),
        ({"tls": {"identity": "b"}, "servers": ["srv:_a._tcp.b"]}, []),
        ({"tls": {"key": "a.key"}}, ["tls key"]),
        ({"tls": {"ca": "a", "insecure_skip_verify": True}}, ["tls ca"]),
        ({"tls": [], "check": [], "servers": 5}, []),
    ],
)
def test_what_the_keys_of_a_farm_owe_each_other(
    farm: dict[str, Any], wrong: list[str]
) -> None:
    found = farm_flaws(BASE, farm, PLACES)
    assert [" ".join(map(str, flaw.path[1:])) for flaw in found] == wrong


def test_a_rule_of_one_name_may_use_the_authority_of_the_front() -> None:
    text = tls("client_ca: ca.pem").replace(
        "a.pem}", "a.pem, client_certificate: optional}"
    )
    read = front_tls(text)
    assert read.certificates[0].client_certificate == "optional"


def test_an_authority_of_one_name_is_enough_if_all_have_one() -> None:
    text = certificate("client_ca: ca.pem").replace(
        "}]}", "}], client_certificate: required}"
    )
    assert front_tls(text).client_certificate == "required"
