"""The experiments about paths: their pictures, their page, their line."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench import pages
from bench.loads import LoadError
from bench.path import chart
from bench.path.__main__ import PAGE, PLACE, arguments, measured, pictures, table
from bench.path.bed import DIRECT, Line, Turn, Way
from bench.path.experiments import EXPERIMENTS, Experiment
from bench.rows import Column
from tests.netlab.fixtures import laboratory, requires

SVG = "{http://www.w3.org/2000/svg}"
DOCS = Path(__file__).parents[1] / "docs"


def widths(picture: str) -> list[float]:
    root = ElementTree.fromstring(picture)
    return [float(bar.get("width", "")) for bar in root.iter(f"{SVG}rect")]


def texts(picture: str) -> list[str | None]:
    return [text.text for text in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def test_bars_are_as_long_as_their_values() -> None:
    drawn = chart.bars("Mb/s", [("direct", 5.0), ("bridge", 20.0)], 1)
    short, long = widths(drawn)
    assert long == 4 * short > 0
    assert texts(drawn) == ["Mb/s", "direct", "5.0", "bridge", "20.0"]


def test_a_value_that_is_not_there_is_a_stall() -> None:
    drawn = chart.bars("s", [("direct", None), ("bridge", 0.0)], 0)
    assert widths(drawn) == [0, 0]
    assert texts(drawn) == ["s", "direct", "stalls", "bridge", "0"]


def test_names_in_pictures_are_escaped() -> None:
    assert "a < b" in texts(chart.bars("t", [("a < b", 1.0)], 0))


def test_pictures_are_legible_on_dark_pages() -> None:
    assert "prefers-color-scheme: dark" in chart.bars("t", [("a", 1.0)], 0)


def test_a_page_without_the_place_is_said() -> None:
    with pytest.raises(LookupError, match="no place for bench-path: old"):
        pages.put("<!-- bench-path: new -->\n<!-- end -->", "bench-path: old", [])


def test_only_the_named_place_is_written() -> None:
    page = "".join(f"<!-- bench-path: {n} -->\n{n}\n<!-- end -->\n" for n in "abc")
    assert pages.put(page, "bench-path: b", [r"\1 new"]) == page.replace(
        "\nb\n", "\n\\1 new\n"
    )


def test_the_page_has_a_place_for_every_experiment() -> None:
    page = (DOCS / PAGE).read_text()
    for name in ("made", *EXPERIMENTS):
        pages.put(page, PLACE + name, [])


def test_the_pages_pictures_are_there() -> None:
    page = (DOCS / PAGE).read_text()
    for file in re.findall(r"\]\((pictures/.*?)\)", page):
        ElementTree.parse(DOCS / file)


def options(rounds: int) -> argparse.Namespace:
    return arguments([f"--rounds={rounds}", "--seconds=1"])


def test_ways_take_turns_and_losses_differ_by_round(tmp_path: Path) -> None:
    seen: list[tuple[str, int]] = []

    def measure(turn: Turn, way: Way) -> dict[str, float | None]:
        seen.append((way.name, turn.seed))
        return {"rate": float(len(seen))}

    columns = [Column("rate", "Mb/s", 1, compared=False)]
    experiment = Experiment("this", measure, [DIRECT, Way("bridge")], columns)
    rounds = measured(experiment, options(2), tmp_path)
    assert seen == [("direct", 0), ("bridge", 0), ("direct", 1), ("bridge", 1)]
    assert table(experiment, rounds) == [
        "*this, in 2 rounds:*",
        "",
        "| | Mb/s |",
        "|---|---:|",
        "| direct | 2.0 |",
        "| bridge | 3.0 |",
    ]


def test_a_way_that_fails_is_said_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(turn: Turn, way: Way) -> dict[str, float | None]:
        raise LoadError("no luck")

    experiment = Experiment("this", measure, [DIRECT], [Column("rate", "Mb/s")])
    rounds = measured(experiment, options(1), tmp_path)
    assert table(experiment, rounds)[-1] == "| direct | - |"
    assert capsys.readouterr().err.strip() == "direct: this: no luck"


def test_pictures_are_written_and_shown(tmp_path: Path) -> None:
    lines = pictures("old", {"direct": [{"rate": 3.0}]}, tmp_path / "pictures")
    (file,) = (tmp_path / "pictures").iterdir()
    assert lines[1].endswith(f"(pictures/{file.name})")
    assert "3" in texts(file.read_text())


def test_an_unknown_experiment_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments(["--only=nonesuch"])
    assert "'nonesuch' is not one of pieces, quick," in capsys.readouterr().err


def test_the_line_delays_loses_and_drops() -> None:
    """In order, each way; half of so many is lost, whatever the seed."""
    requires("cc")
    with (
        laboratory(front_link=Line(delay=0.02, loss=0.5, mtu=1280, seed=3)) as lab,
        lab.gateway.socket(10, 2) as here,  # AF_INET6, SOCK_DGRAM
        lab.client.socket(10, 2) as there,
    ):
        here.bind((lab.front_address, 5000))
        here.settimeout(0.5)
        there.connect((lab.front_address, 5000))
        for number in range(200):
            there.send(bytes([number]) * 1232)  # and 48 bytes of headers
            there.send(bytes(1233))
        got = []
        try:
            while True:
                got.append(here.recv(2000))
        except TimeoutError:
            pass
    assert {len(datagram) for datagram in got} == {1232}
    numbers = [datagram[0] for datagram in got]
    assert numbers == sorted(numbers)
    assert 50 < len(numbers) < 150


def test_the_experiments_run_and_are_told() -> None:
    requires("cc")
    with laboratory():
        pass  # skips where they could not run either
    words = ["--only=quick", "--rounds=1", "--seconds=1"]
    ran = subprocess.run(
        [sys.executable, "-m", "bench.path", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert ran.stderr == ""
    assert "| bridge, wan with nodelay: false | " in ran.stdout
