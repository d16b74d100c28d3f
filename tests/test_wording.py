"""pydantic's errors in the operator's words, from values and places made up here."""

from typing import Any

import pytest
from pydantic import ValidationError

from bridge.config import wording
from bridge.config.model import Config
from bridge.config.problems import Flaw, Path, Place, Spot

TOP = Spot("f", 1, 1)
RIGHT: dict[str, Any] = {
    "fronts": {"web": {"listen": "[::]:80", "to": "web"}},
    "farms": {"web": {"servers": ["192.0.2.1:80"]}},
}


def changed(path: Path, value: object) -> Any:
    """``RIGHT`` with *value* at *path*; None takes out what is there."""

    def copy(old: Any, steps: Path) -> Any:
        if not steps:
            return value
        new = dict(old or {})
        new[steps[0]] = copy(new.get(steps[0]), steps[1:])
        if new[steps[0]] is None:
            del new[steps[0]]
        return new

    return copy(RIGHT, path)


def flaws(values: Any, *paths: Path) -> list[Flaw]:
    """What is said of *values*; each of *paths* has a line, its key at column 1."""
    places: dict[Path, Place] = {(): Place(TOP, TOP)}
    for line, path in enumerate(paths, 2):
        places[path] = Place(value=Spot("f", line, 9), key=Spot("f", line, 1))
    with pytest.raises(ValidationError) as caught:
        Config.model_validate(values)
    return list(wording.flaws(caught.value, places))


def message(path: Path, value: object) -> str:
    (flaw,) = flaws(changed(path, value), path)
    return flaw.message


FRONT = ("fronts", "web")


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("log",), [], "a list is no map: write its keys with a colon each"),
        (("log",), "x", "'x' is no map: write its keys with a colon each"),
        (("farms",), 5, "5 is no map: write names with a colon each"),
        (("farms",), {}, "is empty: at least one is needed"),
        (
            ("farms", "web", "servers"),
            "x",
            "'x' is no list: write [A, B], or a line with a dash for each",
        ),
        ((*FRONT, "profile"), 5, "5 is no text: quote it"),
        ((*FRONT, "to"), None, "is missing: give a farm's name, or a map of names to "
         "farms"),
        ((*FRONT, "to"), "a b", "'a b' is no name: letters, digits, - _ and ., at "
         "most 63, the first a letter or digit"),
        (("log", "level"), "loud", "'loud' is not debug, info, warn or error"),
        (
            ("log", "level"),
            "wran",
            "'wran' is not debug, info, warn or error, did you mean \"warn\"?",
        ),
        (("profiles", "p", "interface"), "a/b", "'a/b' is not an interface's name"),
        (("profiles", "p", "mtu"), 20, "20 is below 68"),
        ((*FRONT, "mode"), "https", "'https' is not stream, sni, http or ftp, did you "
         'mean "http"?'),
    ],
)  # fmt: skip
def test_an_error_is_told_in_the_operators_words(
    path: Path, value: object, expected: str
) -> None:
    assert message(path, value) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("frots",), 'unknown key, did you mean "fronts"?'),
        ((*FRONT, "zzz"), "unknown key, known here: accept_proxy, allow, deny, "
             "dual_stack, filters, ftp, http, limits, listen, mode, profile, timeouts, "
             "tls, to, tproxy_port, transparent"),
        ((*FRONT, "port"), 'unknown key, did you mean "listen"?'),
        (("farms", "web", "eject", "fro"), 'unknown key, did you mean "for"?'),
        (("farms", "web", "eject", "duration"), "unknown key, known here: failures, "
         "for"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_told_of_its_neighbours(path: Path, expected: str) -> None:
    assert message(path, 5) == expected


def test_an_unknown_key_is_pointed_at_and_a_value_is_too() -> None:
    unknown, wrong = (*FRONT, "x"), (*FRONT, "mode")
    values = changed(unknown, 5)
    values["fronts"]["web"]["mode"] = "tcp"
    found = {flaw.path: flaw.spot for flaw in flaws(values, unknown, wrong)}
    assert found == {unknown: Spot("f", 2, 1), wrong: Spot("f", 3, 9)}


def test_a_missing_key_is_told_at_the_key_that_lacks_it() -> None:
    (flaw,) = flaws(changed(("farms", "web", "servers"), None), ("farms", "web"))
    assert flaw == Flaw(
        Spot("f", 2, 1),
        ("farms", "web", "servers"),
        "is missing: give a list of servers",
    )


def test_a_name_that_is_none_is_told_at_the_name() -> None:
    path = ("profiles", "a b")
    (flaw,) = flaws(changed(path, {}), path)
    assert flaw.path == path and flaw.spot == Spot("f", 2, 1)
    assert flaw.message.startswith("'a b' is no name")


def test_an_address_without_a_key_of_its_own_is_told_at_the_server() -> None:
    path = ("farms", "web", "servers", 0)
    (flaw,) = flaws(changed(("farms", "web", "servers"), ["::1"]), path)
    assert flaw.path == path and flaw.spot == Spot("f", 2, 9)


def test_a_slip_of_a_required_key_is_one_error_and_comes_first() -> None:
    values = changed((*FRONT, "ot"), "web")
    del values["fronts"]["web"]["to"]
    values["workers"] = 0
    paths: list[Path] = [(*FRONT, "ot"), ("workers",)]
    assert [flaw.path for flaw in flaws(values, *paths)] == paths


def test_a_map_in_place_of_servers_does_not_lack_them() -> None:
    path: Path = ("farms", "web", "map")
    (flaw,) = flaws(changed(("farms", "web"), {"map": {"ports": "same"}}), path)
    assert flaw.path == (*path, "to")
