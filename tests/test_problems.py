"""How an error is placed, sorted and written."""

import pytest

from bridge.config.problems import (
    ConfigError,
    Flaw,
    Path,
    Place,
    Problem,
    Spot,
    dotted,
    place_of,
    told,
)

A, B = Spot("a", 1, 1), Spot("a", 2, 5)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("workers",), "workers"),
        (("fronts", "web", "listen", 0), "fronts.web.listen[0]"),
        (("farms", "web", "servers", 1, "name"), "farms.web.servers[1].name"),
        ((0, "x"), "[0].x"),
    ],
)
def test_a_path_is_written_as_people_do(path: Path, text: str) -> None:
    assert dotted(path) == text


def test_a_spot_is_written_as_compilers_do() -> None:
    assert str(Spot("conf/bridge.yaml", 4, 9)) == "conf/bridge.yaml:4:9"
    assert str(Place(value=B, key=A)) == "a:2:5"


def test_a_place_that_the_text_lacks_is_the_one_around_it() -> None:
    places: dict[Path, Place] = {(): Place(A, A), ("x",): Place(B, B)}
    assert place_of(places, ("x",)) == place_of(places, ("x", "y", 0)) == Place(B, B)
    assert place_of(places, ("z", "y")) == Place(A, A)


def test_problems_come_by_file_line_and_column() -> None:
    flaws = [
        Flaw(Spot(file, line, column), ("x", file, line, column), "wrong")
        for file, line, column in (("b", 1, 1), ("a", 2, 1), ("a", 1, 9), ("a", 1, 2))
    ]
    found = told(flaws, {"a": ["", ""], "b": [""]})
    assert [(p.file, p.line, p.column) for p in found] == [
        *[("a", 1, 2), ("a", 1, 9), ("a", 2, 1), ("b", 1, 1)]
    ]


def test_the_order_of_files_is_the_one_they_were_read_in() -> None:
    flaws = [Flaw(Spot(file, 1, 1), (file,), "wrong") for file in ("a", "b")]
    assert [p.file for p in told(flaws, {"b": [""], "a": [""]})] == ["b", "a"]


def test_of_two_flaws_at_one_path_and_place_the_first_is_told() -> None:
    flaws = [Flaw(A, ("x",), "cause"), Flaw(A, ("x",), "effect"), Flaw(A, (), "other")]
    assert [p.message for p in told(flaws, {"a": ["x: 1"]})] == ["cause", "other"]


def test_a_problem_has_its_line_of_the_source() -> None:
    flaws = [Flaw(B, ("x",), "wrong"), Flaw(Spot("a", 9, 1), ("y",), "wrong")]
    first, beyond = told(flaws, {"a": ["one", "    two"]})
    assert (first.line_text, beyond.line_text) == ("    two", "")


def test_what_would_move_a_terminals_cursor_is_not_told() -> None:
    (problem,) = told([Flaw(A, (), "a\x1b[2J")], {"a": ["\tx\x07\u202e"]})
    assert (problem.message, problem.line_text) == ("a?[2J", "\tx??")


def test_a_problem_is_a_line_then_the_source_then_a_caret() -> None:
    problem = Problem("f", 3, 5, "x.y", "is wrong", "  x: z")
    assert str(problem) == "f:3:5: x.y: is wrong\n      x: z\n        ^"
    assert str(Problem("f", 1, 1, "", "is empty")) == "f:1:1: is empty"


def test_a_configuration_error_is_all_its_problems() -> None:
    problems = [Problem("f", n, 1, "", f"wrong {n}") for n in (1, 2)]
    error = ConfigError(iter(problems))
    assert error.problems == tuple(problems)
    assert str(error) == "f:1:1: wrong 1\nf:2:1: wrong 2"
