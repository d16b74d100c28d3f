"""
``python -m bench.path``: make the experiments, print their tables, write the page.

Ways take turns within every round, as the benchmark's contenders do.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import pages, report
from bench.__main__ import names, timed
from bench.contenders import versions
from bench.loads import Figures, LoadError
from bench.measure import middle
from bench.path import chart
from bench.path.bed import Turn, Way
from bench.path.experiments import EXPERIMENTS, Experiment
from bench.rows import Row

TROUBLE = (LoadError, OSError, subprocess.SubprocessError, TimeoutError)
PAGE, PICTURES, PLACE = "mtu.md", "pictures", "bench-path: "


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = timed("python -m bench.path", __doc__, rounds=3, seconds=5)
    parser.add_argument(
        "--only",
        type=names(EXPERIMENTS),
        default=list(EXPERIMENTS),
        metavar="NAME,…",
        help="experiments to make: " + ", ".join(EXPERIMENTS),
    )
    parser.add_argument(
        "--write",
        type=Path,
        metavar="FOLDER",
        help=f"put tables into its {PAGE}, and pictures below {PICTURES}",
    )
    return parser.parse_args(words)


def measured(
    experiment: Experiment, options: argparse.Namespace, folder: Path
) -> report.Rounds:
    """Every way in every round; one that fails is said, and has no figures."""
    figures: report.Rounds = {way.name: [] for way in experiment.ways}
    for number in range(min(options.rounds, experiment.rounds or options.rounds)):
        for way in experiment.ways:
            turn = Turn(options.seconds, folder, number)
            figures[way.name].append(_once(experiment, turn, way))
    return figures


def _once(experiment: Experiment, turn: Turn, way: Way) -> Figures:
    try:
        with tempfile.TemporaryDirectory(dir=turn.directory) as name:
            turn = Turn(turn.seconds, Path(name), turn.seed)
            return experiment.measure(turn, way)
    except TROUBLE as error:
        said = getattr(error, "stderr", None) or ""
        print(f"{way.name}: {experiment.title}: {error} {said}", file=sys.stderr)
        return {}


def table(experiment: Experiment, rounds: report.Rounds) -> list[str]:
    row = Row(experiment.title, _unused, tuple(experiment.columns))
    count = max(map(len, rounds.values()))
    title = f"{experiment.title}, in {count} rounds" if count > 1 else experiment.title
    return [f"*{title}:*", *report.table(row, rounds)[1:]]


def _unused(bench: object, target: object) -> Figures:
    raise NotImplementedError("an experiment measures ways, not targets")


def pictures(name: str, rounds: report.Rounds, folder: Path) -> list[str]:
    """Draw those of experiment *name*; the lines that show them."""
    folder.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    for picture in EXPERIMENTS[name].pictures:
        values = [
            (way, middle([figure.get(picture.column) for figure in figures]))
            for way, figures in rounds.items()
        ]
        file = folder / f"{name}-{picture.column}.svg"
        file.write_text(chart.bars(picture.title, values, picture.digits))
        lines += ["", f"![{picture.title}]({folder.name}/{file.name})"]
    return lines


def _compared() -> dict[str, str]:
    return {name: told for name, told in versions().items() if name != "nginx"}


def main(words: Sequence[str]) -> None:
    options = arguments(words)
    with tempfile.TemporaryDirectory(prefix="bench-path-") as name:
        head = report.header(_compared(), options.rounds, options.seconds)[:2]
        print(*head, "", sep="\n", flush=True)
        for key in options.only:
            rounds = measured(EXPERIMENTS[key], options, Path(name))
            lines = table(EXPERIMENTS[key], rounds)
            print(*lines, "", sep="\n", flush=True)
            if options.write:
                lines += pictures(key, rounds, options.write / PICTURES)
                pages.write(options.write / PAGE, PLACE + key, lines)
        if options.write:
            pages.write(options.write / PAGE, f"{PLACE}made", head)


if __name__ == "__main__":
    main(sys.argv[1:])
