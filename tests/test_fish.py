"""fish itself completes bridgectl's command lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.completing import gateway, prepared
from tests.shells import fish


@pytest.fixture
def offers(tmp_path: Path) -> Callable[[str], list[str]]:
    """What it offers for a line."""
    script, folder = prepared("fish", tmp_path)
    return lambda line: sorted(fish(script, folder, line))


def test_commands_options_words_and_keys(offers: Callable[[str], list[str]]) -> None:
    assert offers("bridgectl ") == ["drain", "explain", "level"]
    assert offers("bridgectl drain --w") == ["--wait"]
    assert {"low", "high"} <= set(offers("bridgectl level "))
    assert offers("bridgectl level --by ") == ["foot", "hand"]
    assert offers("bridgectl explain fronts.NAME.timeouts.i") == [
        "fronts.NAME.timeouts.idle"
    ]
    assert offers("bridgectl nothing ") == []


def test_files(offers: Callable[[str], list[str]]) -> None:
    assert offers("bridgectl level low lo") == ["lone", "low"]
    assert offers("bridgectl drain --socket lo") == ["lone"]
    assert offers("bridgectl explain lo") == ["log", *offers("bridgectl explain log.")]


def test_names_are_the_running_gateways(
    offers: Callable[[str], list[str]], tmp_path: Path
) -> None:
    with gateway(tmp_path) as path:
        begin = f"bridgectl drain --socket {path}"
        assert offers(f"{begin} 192") == ["192.0.2.10:80"]
        assert offers(f"{begin} --farm ") == ["web"]
        assert offers(f"{begin} blue gr") == ["green"]
        assert "$(touch pwned)" in offers(f"{begin} ")
    assert not (tmp_path / "here" / "pwned").exists()


def test_without_a_gateway_there_are_no_names(
    offers: Callable[[str], list[str]], tmp_path: Path
) -> None:
    assert offers(f"bridgectl drain --socket {tmp_path}/none b") == []
