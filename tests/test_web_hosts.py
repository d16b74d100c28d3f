"""By whose name somebody may ask."""

from __future__ import annotations

import pytest

from bridge.web.hosts import answers_to

NAMES = {"gateway.example.net"}


@pytest.mark.parametrize(
    "host",
    [
        "[::1]:9180",
        "[::1]",
        "[fe80::1%eth0]:9180",
        "127.0.0.1:9180",
        "192.0.2.7",
        "localhost",
        "LOCALHOST:9180",
        "localhost.:9180",
        "a.localhost:9180",
        "Gateway.Example.NET:9180",
        "gateway.example.net.",
        " [::1] ",
    ],
)
def test_addresses_localhost_and_names_that_are_ours(host: str) -> None:
    assert answers_to([host], NAMES)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:9180",
        "localhost.evil.example",
        "notlocalhost",
        "gateway.example.net.evil.example",
        "xgateway.example.net",
        "",
        ":9180",
        "[evil.example]:9180",
        "[127.0.0.1]:9180",
        "::1",
        "127.0.0.1.evil.example",
        "127.1",
        "0x7f000001",
        "2130706433",
        "localhost:x",
        "localhost:9180:1",
        "user@localhost",
        "localhost evil.example",
        "localhost\x00",
        "\uff11\uff12\uff17.0.0.1",  # digits of another script
    ],
)
def test_all_others_are_somebody_elses(host: str) -> None:
    assert not answers_to([host], NAMES)


def test_it_is_said_once() -> None:
    assert not answers_to([], NAMES)
    assert not answers_to(["localhost", "localhost"], NAMES)
