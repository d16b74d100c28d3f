"""What a mode owes the keys beside it: all of it is in ``test_broken_modes``."""

from typing import Any

import pytest

from bridge.config.mode_checks import flaws
from bridge.config.problems import Path, Place, Spot

AT = Spot("f", 1, 1)
PLACES: dict[Path, Place] = {(): Place(AT, AT)}


@pytest.mark.parametrize(
    "front",
    [
        {"mode": []},
        {"mode": "http", "tls": 5, "http": 5, "to": ["web"]},
        {"mode": "http", "tls": {"alpn": 5}, "to": {"a": 5}},
        {"mode": "ftp", "ftp": {"ports": []}, "listen": 5},
        {"mode": "ftp", "listen": ["[::1]:x", 5], "ftp": "x"},
    ],
)
def test_what_is_of_the_wrong_type_is_the_models_to_refuse(front: Any) -> None:
    found = flaws({"a": front}, {"web": {"tls": "h2"}}, PLACES)
    assert [flaw for flaw in found if "belongs to" not in flaw.message] == []


def test_a_port_for_data_may_be_one_at_another_address() -> None:
    ftp = {"mode": "ftp", "listen": "[2001:db8::1]:21"}
    web = {"listen": "[2001:db8::2]:50000"}
    assert list(flaws({"ftp": ftp, "web": web}, {}, PLACES)) == []
    every = {"listen": "[::]:50000"}
    (flaw,) = flaws({"ftp": ftp, "web": every}, {}, PLACES)
    assert "50000 is listened on" in flaw.message
