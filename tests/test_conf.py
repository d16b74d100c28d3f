"""Every example in conf/ is right, and works on a host that has its interfaces."""

from pathlib import Path

import pytest

from bridge.config import load
from bridge.config.keys import ROOT, find
from bridge.doctor import Host, warnings

CONF = Path(__file__).parent.parent / "conf"
EXAMPLES = sorted(CONF.glob("*.yaml"))
HOST = Host(
    interfaces={"lo": 65536, "eth0": 1500, "eth1": 9000},
    congestion=frozenset({"reno", "cubic"}),
    send_buffer_max=212992,
    receive_buffer_max=212992,
    send_autotuned_max=4 << 20,
    receive_autotuned_max=6 << 20,
    fast_open=1,
    mptcp=True,
)


def test_there_are_examples() -> None:
    assert {path.stem for path in EXAMPLES} >= {
        *["bridge", "minimal", "tuned", "dual-stack", "unix-and-systemd", "including"],
        *["farms", "tls", "identity", "l7", "http", "ftp"],
    }


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_loads_and_works(path: Path) -> None:
    assert warnings(load(path, {}), HOST) == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_says_what_it_shows(path: Path) -> None:
    assert path.read_text().startswith("# ")


def test_one_example_has_every_key_of_a_profile() -> None:
    places = load(CONF / "tuned.yaml", {}).places
    keys = {path[2] for path in places if path[:1] == ("profiles",) and len(path) == 3}
    profile = ROOT.below["profiles"].below["NAME"]
    assert keys == set(profile.below)


def shown(*examples: str) -> set[str]:
    """The keys that *examples* have, as the model calls them."""
    steps = (path for name in examples for path in load(CONF / name, {}).places)
    return {key.path for path in steps if (key := find(path)) is not None}


def built(section: str) -> set[str]:
    return {
        key.path
        for key in ROOT.below[section].all_below()
        if not key.path.endswith(("[]", "NAME"))
    }


def test_three_examples_have_every_key_of_a_farm() -> None:
    missing = built("farms") - shown("farms.yaml", "tls.yaml", "identity.yaml")
    # What little there is of them is shown elsewhere.
    assert {key for key in missing if not key.startswith("farms.NAME.tls")} == set()


def test_one_example_has_every_key_of_the_door() -> None:
    keys = {key for key in built("fronts") if key.startswith("fronts.NAME.limits.")}
    door = {"fronts.NAME.accept_proxy", "fronts.NAME.allow", "fronts.NAME.deny"}
    assert (door | keys) - shown("identity.yaml") == {"fronts.NAME.limits.connections"}


def test_an_example_each_has_every_key_of_a_mode() -> None:
    for mode in ("http", "ftp"):
        prefix = f"fronts.NAME.{mode}."
        keys = {key for key in built("fronts") if key.startswith(prefix)}
        assert len(keys) > 0
        assert keys - shown(f"{mode}.yaml") == set()


def test_included_files_are_part_of_an_example() -> None:
    assert set(load(CONF / "including.yaml", {}).config.fronts) == {"web", "mail"}
