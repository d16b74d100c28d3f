"""Servers by name, as they are written."""

import pytest

from bridge.config.hostnames import HostName, ServiceName, is_meant
from tests.configured import farm


def test_a_longest_name_of_dns_names_a_server() -> None:
    host = f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}"
    assert farm(servers=f"{host}:65535").servers[0].name == f"{host}:65535"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *[("localhost:80", True), ("a.b", True), ("a1.:80", True), ("x-y:http", True)],
        *[("192.0.2.1:80", False), ("192.0.2.1O:80", False), ("::1:80", False)],
        *[("fe80::a:80", False), ("[a.b]:80", False), ("a/b:80", False), ("", False)],
    ],
)
def test_a_name_is_told_from_an_address_with_a_slip(text: str, meant: bool) -> None:
    assert is_meant(text) is meant


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("db:5432", "db", 5432),
        ("Web.Farm.Internal.:80", "web.farm.internal", 80),
        ("a_b.c:65535", "a_b.c", 65535),
    ],
)
def test_a_host_has_one_form_and_a_port(text: str, host: str, port: int) -> None:
    assert HostName.parse(text) == HostName(host, port)
    assert str(HostName.parse(text)) == f"{host}:{port}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("db", "has no port: write db:80"),
        ("db:0", "'0' is no port"),
        ("db:65536", "is no port, which is 1 to 65535"),
        ("db:1:2", "'1:2' is no port"),
        ("a..b:80", "'' is no label"),
    ],
)
def test_a_host_that_is_none_is_told_with_what_was_written(text: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:
        HostName.parse(text)
    assert str(caught.value).startswith(repr(text))
    assert why in str(caught.value)


def test_a_service_is_one_over_tcp_without_a_port() -> None:
    service = ServiceName.parse("srv:_HTTP._tcp.Farm.internal.")
    assert str(service) == "srv:_http._tcp.farm.internal"
    for wrong in (
        "srv:_a._tcp.b:80",
        "srv:_a._udp.b",
        "srv:a.b",
        "srv:_a._tcp",
        "srv:",
    ):
        with pytest.raises(ValueError, match=wrong):
            ServiceName.parse(wrong)
