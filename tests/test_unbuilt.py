"""What is not built yet, and asked for in a way that means nothing."""

import pytest

from bridge.config import parse
from tests.configured import SHORTEST, config, front


@pytest.mark.parametrize(
    "keys",
    [
        *["tls: off", "accept_proxy: []", "accept_proxy: off", "mode: stream"],
        "limits: {per_source: off, new_per_source: off, bandwidth: off}",
        "limits: {source_prefix: {ipv6: 64, ipv4: 32}}",
    ],
)
def test_a_front_may_say_that_it_wants_nothing_more(keys: str) -> None:
    assert front(keys) == front("mode: stream")


@pytest.mark.parametrize("keys", ["send_proxy: off", "tls: off", "map: off"])
def test_a_farm_may_say_that_it_wants_nothing_more(keys: str) -> None:
    text = SHORTEST.replace("servers:", f"{keys}, servers:")
    assert parse(text).config.farms == config().farms


def test_the_whole_may_say_that_it_wants_nothing_more() -> None:
    neutral = "admin: {socket: off, web: off, allow_changes: false}\nworkers: 1\n"
    assert config(neutral + "limits: {connections: auto}") == config()


@pytest.mark.parametrize("bits", ["64.0", "true", "'64'"])
def test_a_neutral_value_is_exactly_that(bits: str) -> None:
    with pytest.raises(ValueError, match="not built yet"):
        front(f"limits: {{source_prefix: {bits}}}")


@pytest.mark.parametrize("switch", ["0", "'false'"])
def test_a_neutral_switch_is_exactly_that(switch: str) -> None:
    with pytest.raises(ValueError, match="leave it out, or say false"):
        config(f"admin: {{allow_changes: {switch}}}")
