"""From text and files to a document, and how everything wrong is told."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.config import (
    ConfigError,
    Document,
    Problem,
    load,
    parse,
    summary,
    syntax,
)
from bridge.config.reader import parse_files
from bridge.config.syntax import MAX_TEXT

FRONTS = 'fronts: {web: {listen: "[::]:80", to: web}}\n'
FARMS = "farms: {web: {servers: [192.0.2.10:80]}}\n"
SHORTEST = FRONTS + FARMS


def problems(text: str, **environment: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        parse(text, environment=environment)
    return caught.value.problems


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files by name; the path of bridge.yaml among them."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder / "bridge.yaml"


def test_the_shortest_useful_text_is_read() -> None:
    document = parse(SHORTEST)
    assert document.config.fronts["web"].farms == ("web",)
    assert summary(document) == "1 front, 1 farm, 1 server"


def test_places_are_those_of_values_and_of_their_keys() -> None:
    places = parse(SHORTEST, name="f").places
    assert str(places["fronts", "web", "to"]) == "f:1:39"
    assert str(places["fronts", "web", "to"].key) == "f:1:35"
    assert str(places["farms", "web", "servers", 0]) == "f:2:25"


@pytest.mark.parametrize("word", ["no", "yes", "on", "y", "22:22", "1_0", "=", "1.2.3"])
def test_yaml_1_2_takes_for_text_what_1_1_does_not(word: str) -> None:
    text = f'{FRONTS}farms: {{web: {{servers: [{{address: "192.0.2.1:80", name: {word}'
    if word == "=":
        assert "is not a name" in problems(text + "}]}}")[0].message
    else:
        (server,) = parse(text + "}]}}").config.farms["web"].servers
        assert server.name == word


@pytest.mark.parametrize(
    ("number", "mark"),
    [("0x10", 16), ("0o17", 15), ("+5", 5), ("0", 0), ("TRUE", None)],
)
def test_yaml_1_2_numbers_are_read(number: str, mark: int | None) -> None:
    text = f"profiles: {{x: {{mark: {number}}}}}\n{SHORTEST}"
    if mark is None:
        assert "true is no whole number" in problems(text)[0].message
    else:
        assert parse(text).config.profile("x").mark == mark


def test_a_name_is_what_is_written() -> None:
    text = (
        'fronts: {80: {listen: "[::]:80", to: no}}\nfarms: {no: {servers: [1.2.3.4:5]}}'
    )
    config = parse(text).config
    assert set(config.fronts) == {"80"} and set(config.farms) == {"no"}


def test_all_problems_are_told_at_once_in_order_of_place() -> None:
    found = problems(
        'fronts:\n  web: {listen: "::1", to: wbe, mode: fpt, zzz: 1}\nworkers: 0\n'
        + FARMS
    )
    assert [(p.line, p.column) for p in found] == [
        *[(2, 17), (2, 28), (2, 39), (2, 44), (3, 10)]
    ]


def test_the_text_of_an_error_has_source_and_caret() -> None:
    with pytest.raises(ConfigError) as caught:
        parse(FRONTS.replace("to: web", "ot: web") + FARMS, name="bridge.yaml")
    assert str(caught.value) == (
        'bridge.yaml:1:35: fronts.web.ot: unknown key, did you mean "to"?\n'
        '    fronts: {web: {listen: "[::]:80", ot: web}}\n'
        "                                      ^"
    )


def test_the_caret_stands_below_the_column_after_tabs_too() -> None:
    *_, caret = str(Problem("f", 1, 4, "x", "wrong", "\tx: 5")).split("\n")
    assert caret == "    \t  ^"


def test_an_error_carries_no_control_characters_to_the_terminal() -> None:
    found = problems(FRONTS + 'farms: {web: {servers: ["\\e[31m:80"]}}', X="\x1b[31m")
    assert all(c.isprintable() or c == "\n" for p in found for c in str(p))


def test_errors_of_one_cause_are_told_once() -> None:
    found = problems('fronts: {web: {listne: "[::]:80", to: web}}\n' + FARMS)
    assert [p.path for p in found] == ["fronts.web.listne"]


# Variables


def test_a_variable_is_replaced_inside_a_value() -> None:
    text = SHORTEST.replace("192.0.2.10:80", '"192.0.2.${HOST}:80"')
    farm = parse(text, environment={"HOST": "7"}).config.farms["web"]
    assert str(farm.servers[0].address) == "192.0.2.7:80"


def test_two_dollars_are_one_and_one_is_itself() -> None:
    text = SHORTEST + "log: {access: 'a$b$$c$${X}'}"
    assert parse(text).config.log.access == os.path.abspath("a$b$c${X}")


def test_a_variable_holds_numbers_and_switches_as_text() -> None:
    text = (
        SHORTEST + "profiles:\n  x:\n    mtu: ${M}\n    quickack: ${Q}\n    dscp: ${D}"
    )
    environment = {"M": "9000", "Q": "true", "D": "46"}
    profile = parse(text, environment=environment).config.profile("x")
    assert (profile.mtu, profile.quickack, profile.dscp) == (9000, True, 46)


def test_a_bare_variable_between_brackets_is_one() -> None:
    text = FRONTS.replace("to: web", "to: ${FARM}") + FARMS
    assert parse(text, environment={"FARM": "web"}).config.fronts["web"].farms == (
        "web",
    )


def test_what_is_no_variable_between_brackets_is_told_of_its_quotes() -> None:
    (problem,) = problems(FRONTS.replace("to: web", "to: ${FARM:-x}") + FARMS)
    assert (problem.line, problem.column) == (1, 39)
    assert 'quote it: "${FARM:-x}"' in problem.message


@pytest.mark.parametrize(
    "value",
    ["[a, b]", "{x: y}", "x}}\nworkers: 5", "*a", "!!int 5", "# x", "${HOME}", "a: b"],
)
def test_a_variable_never_makes_structure(value: str) -> None:
    text = FRONTS.replace("to: web", "to: '${FARM}'") + FARMS
    (problem,) = problems(text, FARM=value, HOME="web")
    assert problem.path == "fronts.web.to"
    assert problem.message.startswith(f"{value!r} is no name")


def test_a_variable_in_a_key_is_no_variable() -> None:
    found = problems(FRONTS + FARMS + "${X}: 5", X="workers")
    assert found[0].message.startswith("unknown key")


def test_every_missing_variable_is_told() -> None:
    found = problems(
        SHORTEST + "profiles: {x: {interface: '${A}', congestion: '${B}'}}"
    )
    assert [p.message.split()[0] for p in found] == ["A", "B"]


# Bounds


def test_an_alias_is_what_it_stands_for() -> None:
    text = "profiles: {a: &a {mss: 1200}, b: *a}\n" + SHORTEST
    assert parse(text).config.profile("b").mss == 1200


def test_an_alias_bomb_is_defused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    (problem,) = problems("\n".join(lines))
    assert "aliases make more than" in problem.message


def test_a_staircase_of_aliases_is_no_way_around_the_depth() -> None:
    steps = [f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 500)]
    assert problems("\n".join(["a0: &a0 []", *steps]))


def test_a_text_of_any_length_is_answered() -> None:
    assert "longer than" in problems(" " * (MAX_TEXT + 1))[0].message
    assert "is no int" in problems(SHORTEST + "workers: " + "9" * 9999)[0].message


def test_a_text_of_too_many_values_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syntax, "MAX_NODES", 100)
    assert "too long" in problems("[" + "x," * 100 + "]")[0].message


@given(st.text(max_size=200))
def test_any_text_is_a_document_or_a_configuration_error(text: str) -> None:
    answered(text)


@given(
    st.lists(
        st.sampled_from(
            [
                *["fronts", "farms", "web", "listen", "servers", "to", "profiles", "x"],
                *[": ", ":", "\n", "\n  ", "\n    ", "- ", "[", "]", "{", "}", ", "],
                *['"', "'", "&a ", "*a", "!!int ", "0755", "${X}", "$", "<<", "|", ">"],
                *["[::]:80", "192.0.2.1:80", "off", "~", "# ", "\t", "%", "---", "? "],
            ]
        ),
        max_size=40,
    ).map("".join)
)
def test_any_yaml_is_a_document_or_a_configuration_error(text: str) -> None:
    answered(text)
    answered(SHORTEST + text)


def answered(text: str) -> None:
    try:
        assert isinstance(parse(text), Document)
    except ConfigError as error:
        lines = len(text) + 1
        assert error.problems
        assert all(1 <= p.line <= lines and p.column >= 1 for p in error.problems)


# Files


def test_a_file_that_is_not_there_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"no\.yaml:1:1: cannot be read: No such file"
    ):
        load(tmp_path / "no.yaml", {})


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path, {})


def test_a_file_is_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "bridge.yaml"
    path.write_bytes("# é\n# ".encode() + b"\xff\n")
    with pytest.raises(ConfigError, match=r":2:3: byte 0xff is no UTF-8"):
        load(path, {})


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "bridge.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SHORTEST.encode())
    assert summary(load(path, {})).startswith("1 front")
    path.write_bytes(b"\xef\xbb\xbfx: 1\n" + SHORTEST.encode())
    with pytest.raises(ConfigError, match=r":1:1: x: unknown key"):
        load(path, {})


def test_included_files_add_their_names(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        {
            "bridge.yaml": "include: [conf.d/*.yaml]\n",
            "conf.d/b.yaml": FARMS + "profiles: {x: {mss: 1200}}",
            "conf.d/a.yaml": FRONTS,
            "conf.d/empty.yaml": "# nothing yet\n",
            "conf.d/.hidden.yaml": "[",
            "conf.d/old.txt": "[",
        },
    )
    document = load(main, {})
    assert summary(document) == "1 front, 1 farm, 1 server"
    assert document.config.profile("x").mss == 1200
    place = document.places["farms", "web"]
    assert str(place.key) == f"{tmp_path / 'conf.d/b.yaml'}:1:9"


@pytest.mark.parametrize(
    ("include", "files", "message"),
    [
        ("'*.yaml'", {}, "'*.yaml' includes this very file"),
        ("/etc/*.yaml", {}, "leaves the folder of bridge.yaml"),
        ("conf.d/../../x.yaml", {}, "leaves the folder"),
        ("${ELSEWHERE}", {}, "'../x' leaves the folder"),
        ("a.yaml", {}, "there is no file 'a.yaml'"),
        ("5", {}, ""),
        ("a.yaml", {"a.yaml": FARMS}, "a.yaml:1:9: farms.web: is defined twice"),
        ("a.yaml", {"a.yaml": "include: b"}, "a.yaml:1:1: include: an included file"),
        ("a.yaml", {"a.yaml": "log: {}"}, "a.yaml:1:1: log: stands in the main file"),
        ("a.yaml", {"a.yaml": "frnts: {}"}, 'did you mean "fronts"?'),
        ("a.yaml", {"a.yaml": "farms: 5"}, "a.yaml:1:8: farms: is no map of names"),
        ("a.yaml", {"a.yaml": "[]"}, "a.yaml:1:1: an included file is a map"),
        ("a.yaml", {"a.yaml": "x: ["}, "a.yaml:1:5: is no YAML: this is never closed"),
        ("a.yaml", {"a.yaml": "farms: {b: {servers: []}}"}, "a.yaml:1:22: farms.b"),
    ],
)
def test_what_may_not_be_included(
    tmp_path: Path, include: str, files: dict[str, str], message: str
) -> None:
    main = write(tmp_path, {"bridge.yaml": SHORTEST + f"include: {include}\n", **files})
    with pytest.raises(ConfigError) as caught:
        load(main, {"ELSEWHERE": "../x"})
    (problem,) = caught.value.problems
    assert message in str(problem)
    assert problem.line == 3 or problem.file.endswith("a.yaml")


def test_a_name_defined_twice_names_both_places(tmp_path: Path) -> None:
    files = {"bridge.yaml": SHORTEST + "include: a.yaml", "a.yaml": FARMS}
    main = write(tmp_path, files)
    with pytest.raises(ConfigError) as caught:
        load(main, {})
    (problem,) = caught.value.problems
    assert problem.file == str(tmp_path / "a.yaml")
    assert f"first at {main}:2:9" in problem.message


def test_problems_of_the_main_file_come_first(tmp_path: Path) -> None:
    files = {"bridge.yaml": SHORTEST + "include: a.yaml\nx: 1", "a.yaml": "y: 1"}
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, files), {})
    assert [p.path for p in caught.value.problems] == ["x", "y"]


def test_a_pattern_may_find_nothing_and_a_file_is_read_once(tmp_path: Path) -> None:
    include = "include: [none.d/*.yaml, a.yaml, 'a.*']\n"
    main = write(tmp_path, {"bridge.yaml": FRONTS + include, "a.yaml": FARMS})
    assert summary(load(main, {})) == "1 front, 1 farm, 1 server"


def test_a_document_is_read_again_as_its_files_were(tmp_path: Path) -> None:
    main, more = tmp_path / "main.yaml", tmp_path / "more.yaml"
    main.write_text("include: more.yaml\n" + FRONTS + "log: {access: a.log}\n")
    more.write_text(FARMS.replace("192.0.2.10", "${SERVER}"))
    environment = {"SERVER": "192.0.2.77"}
    first = load(main, environment)
    main.write_text("something else")
    more.unlink()
    again = parse_files(first.files, environment)
    assert again.config == first.config
    assert again.config.log.access == str(tmp_path / "a.log")
    assert [str(server.address) for server in again.config.farms["web"].servers] == [
        *["192.0.2.77:80"]
    ]
