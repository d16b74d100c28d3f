"""The tree of keys: how a key is found, described and guessed."""

import pytest

from bridge.config.keys import ITEM, NAME, ROOT, Key, find


def key(*steps: str | int) -> Key:
    found = find(steps)
    assert found is not None
    return found


def test_a_key_is_found_by_real_names_and_indexes() -> None:
    assert key("fronts", "web", "to").path == "fronts.NAME.to"
    assert key("farms", "a", "servers", 3, "name").path == "farms.NAME.servers[].name"
    assert key("farms", "a", "servers", 3).path == "farms.NAME.servers[]"


def test_a_name_that_is_also_a_key_elsewhere_is_a_name() -> None:
    assert key("fronts", "listen", "listen").path == "fronts.NAME.listen"
    assert key("farms", "servers").path == "farms.NAME"


@pytest.mark.parametrize(
    "steps",
    [
        *[("front",), ("fronts", "web", "listn"), ("workers", "x"), ("fronts", 0)],
        *[("fronts", "web", "listen", "x"), ("x", "y", "z")],
    ],
)
def test_what_is_no_key_is_not_found(steps: tuple[str | int, ...]) -> None:
    assert find(steps) is None


def test_a_search_may_start_below_the_root() -> None:
    assert find(["idle"], key("fronts", "web", "timeouts")) is key(
        *["fronts", "web", "timeouts", "idle"]
    )


def test_keys_come_in_the_models_order_each_before_what_is_below_it() -> None:
    paths = [inner.path for inner in ROOT.all_below()]
    assert len(paths) == len(set(paths))
    for path in paths:
        above = path.rpartition(".")[0]
        assert not above or paths.index(above) < paths.index(path)
    assert paths.index("fronts") < paths.index("fronts.NAME.to") < paths.index("farms")


def test_maps_and_lists_have_a_step_of_their_own() -> None:
    farm = ROOT.below["farms"].below[NAME]
    assert farm.meaning.startswith("Where sessions go")
    assert set(farm.below["servers"].below) == {ITEM}


def test_a_key_with_an_alias_goes_by_it() -> None:
    assert key("farms", "web", "eject", "for").default == "30s"
    assert find(("farms", "web", "eject", "duration")) is None


@pytest.mark.parametrize(
    ("steps", "kind", "unit", "default"),
    [
        (("fronts", "a", "profile"), "a name", "", "wan"),
        (("fronts", "a", "deny"), "a network or @file, or a list of them", "", "[]"),
        (("fronts", "a", "timeouts"), "a map", "", "{}"),
        (("fronts", "a", "timeouts", "open"), "a time", "seconds", "10s"),
        (("profiles", "a", "send_buffer"), "a size or auto", "bytes", "auto"),
        (("profiles", "a", "nodelay"), "true or false", "", "true"),
        (("profiles", "a", "keepalive"), "a map or off", "", "off"),
        (("profiles",), "a map of names", "", "{}"),
        (("include",), "a list of file patterns", "", "[]"),
        (("log", "access_format"), "text or json", "", "text"),
        (
            ("log", "access"),
            '"-", off, a file\'s path or a syslog daemon',
            "",
            '"-"',
        ),
    ],
)
def test_a_key_says_what_may_stand_there(
    steps: tuple[str, ...], kind: str, unit: str, default: str
) -> None:
    found = key(*steps)
    assert (found.kind, found.unit, found.default) == (kind, unit, default)


def test_a_last_kind_wins_over_the_types_own() -> None:
    """As where a server's connections default to the farm's."""
    assert key("farms", "a", "servers", 0, "connections").default == "the farm's"
    assert key("farms", "a", "connections").default == "off"
