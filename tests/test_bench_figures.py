"""What the benchmark has recorded: the pages show that and nothing else."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bench import aims, figures, logged, pages, record, report
from bench.aims import Aim
from bench.record import Entry, Made, Record
from bench.report import Summary, Told
from bench.rows import ROWS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
KEPT = record.load(DOCS / figures.FILE)

MADE = Made(
    "2026-11-29",
    "abc1234",
    "kernel 6.1, 2 x CPU",
    {"bridge": "1.0", "haproxy": "3.5", "Python": "3.11.7"},
    3,
    2,
)
AIM = Aim("small", "cpu", "bridge", ("haproxy",), 0.95)


def told(median: float | None, **of: float) -> Told:
    return {"median": median, "of": dict(of)}


def entry(summary: Summary, made: Made = MADE) -> Entry:
    return Entry(made, summary)


def small(ratios: dict[str, float]) -> Record:
    """A record of row ``small``, with *ratios* of HAProxy's CPU."""
    figured = {
        name: {
            "rate": told(1000.0, haproxy=1.0),
            "cpu": told(20 * of, haproxy=of),
            "p50": told(1.0),
            "p99": told(2.0, haproxy=1.0),
        }
        for name, of in ratios.items()
    }
    return {"small": entry(figured)}


def test_the_page_of_figures_is_what_was_recorded() -> None:
    assert (DOCS / figures.PAGE).read_text() == figures.page(KEPT)


def test_the_readme_has_the_figures_that_were_recorded() -> None:
    text = (ROOT / figures.README).read_text()
    assert pages.put(text, figures.PLACE, figures.readme(KEPT)) == text


@pytest.mark.parametrize("row", [line.row for line in figures.LINES])
def test_a_figure_that_is_not_the_recorded_one_is_seen(row: str) -> None:
    """In either page: whatever is changed by hand, there or in the record."""
    line = next(line for line in figures.LINES if line.row == row)
    changed = {name: dict(each) for name, each in KEPT[row].told.items()}
    changed[line.who[0]][line.column] = told(123456.0)
    kept = KEPT | {row: replace(KEPT[row], told=changed)}
    assert figures.page(kept) != (DOCS / figures.PAGE).read_text()
    assert figures.readme(kept) != figures.readme(KEPT)


def test_what_is_recorded_is_measured_still() -> None:
    for row, each in KEPT.items():
        keys = {column.key for column in ROWS[row].columns}
        assert all(set(told) == keys for told in each.told.values())


def test_every_aim_and_line_is_of_a_figure_that_is_measured() -> None:
    for each in (*aims.AIMS, *figures.LINES):
        assert each.column in [column.key for column in ROWS[each.row].columns]
        names = each.who if isinstance(each.who, tuple) else (each.who, *each.of)
        known = ROWS[each.row].contenders or ("bridge", "haproxy", "floor")
        assert {*names} <= {*known, ""}


def test_the_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    record.store(tmp_path / "kept.json", KEPT)
    assert record.load(tmp_path / "kept.json") == KEPT
    assert record.load(tmp_path / "none.json") == {}


def test_a_run_of_one_row_leaves_the_others_with_their_dates(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (tmp_path / figures.README).write_text((ROOT / figures.README).read_text())
    later = replace(MADE, date="2027-01-01", rounds=9)
    figures.write(docs, KEPT | {"small": Entry(later, KEPT["small"].told)})
    page = (docs / figures.PAGE).read_text()
    said = page.partition("\nRow `small`, run ")[2].partition(".")[0]
    assert f"\n{said}. 2027-01-01, commit abc1234: medians of 9 interleaved" in page
    readme = (tmp_path / figures.README).read_text()
    assert "2027-01-01 in 9 rounds, HAProxy 3.5, commit abc1234" in readme
    assert KEPT["idle"].made.date in readme


def test_another_checkouts_figures_are_not_recorded() -> None:
    rounds: report.Rounds = {
        name: [{"memory": 2.0}] for name in ("floor", "bridge", "before")
    }
    summary = report.summary(ROWS["idle"], rounds)
    assert summary["bridge"]["memory"]["of"] == {"floor": 1.0, "before": 1.0}
    kept = record.entry(MADE, summary).told
    assert list(kept) == ["floor", "bridge"]
    assert kept["bridge"]["memory"] == told(2.0, floor=1.0)


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [
        ({"bridge": 0.95}, "reached"),
        ({"bridge": 0.954}, "reached"),  # as it is told: 0.95
        ({"bridge": 0.96}, "missed"),
        ({"bridge": 0.96, "bridge, 3.12": 0.97}, "missed"),
        ({"bridge": 0.96, "bridge, 3.12": 0.95}, "missed by 3.11.7"),
        ({"bridge": 0.5, "bridge, 3.12": 0.96}, "missed by 3.12"),
    ],
)
def test_an_aim_is_reached_if_every_python_reaches_it(
    ratios: dict[str, float], verdict: str
) -> None:
    assert aims.table(small(ratios), [AIM])[-1].endswith(f"| {verdict} |")


def test_aims_that_are_not_reached_are_told_apart() -> None:
    assert aims.unmet(small({"bridge": 0.95}), [AIM]) == []
    assert aims.unmet(small({"bridge": 0.96, "bridge, 3.12": 0.95}), [AIM]) == [
        "small: bridge: CPU µs each, ≤ 0.95 of haproxy: missed by 3.11.7"
    ]


def test_of_rows_that_nobody_measured_nothing_is_said() -> None:
    other = replace(AIM, row="connect")
    assert aims.unmet(small({"bridge": 1.0}), [other]) == []
    assert len(aims.table(small({"bridge": 1.0}), [AIM, other])) == 3


def test_of_several_others_the_better_counts() -> None:
    both = replace(AIM, of=("haproxy", "nginx"))
    assert both.value(told(1.0, haproxy=0.9, nginx=1.2)) == 1.2
    rate = replace(both, least=True)
    assert rate.value(told(1.0, haproxy=0.9, nginx=1.2)) == 0.9
    assert not rate.reached(0.94)
    assert rate.reached(0.946)
    assert replace(AIM, of=()).value(told(1.5, haproxy=0.9)) == 1.5


def test_what_could_not_be_measured_is_said() -> None:
    kept = small({"bridge": 1.0})
    kept["small"].told["bridge"]["cpu"] = told(None)
    assert aims.table(kept, [AIM])[-1].endswith("| - | not measured |")
    assert aims.unmet(kept, [AIM])[0].endswith("not measured")
    assert "| - |" in figures.readme(kept)[2]


def test_the_readme_has_a_column_for_every_python() -> None:
    head, _, line, *_ = figures.readme(
        small({"bridge": 1.0, "bridge, 3.13": 0.9, "haproxy": 1.0})
    )
    assert head == "| bridge by | Python 3.11.7 | Python 3.13 | HAProxy | floor |"
    assert line.endswith("| 20.0 µs (1.00) | 18.0 µs (0.90) | 20.0 µs |  |")


def test_a_row_without_that_python_leaves_its_column_empty() -> None:
    kept = small({"bridge": 1.0, "bridge, 3.13": 0.9})
    kept["idle"] = entry({"bridge": {"memory": told(1.0)}})
    lines = figures.readme(kept)
    assert "| memory per idle session | 1.0 kB |  |  |  |" in lines


def test_both_formats_of_lines_are_compared_with_who_logs_as_well() -> None:
    compared = {(aim.who, aim.of) for aim in aims.AIMS if aim.row == "logs"}
    assert (logged.JSON, (logged.HAPROXY,)) in compared
    assert (logged.JSON, (logged.QUIET,)) in compared


def test_a_commit_is_told_with_what_was_changed_since(tmp_path: Path) -> None:
    assert record.commit(tmp_path) == "unknown"
    (tmp_path / "bridge").mkdir()

    def git(*words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.net"]
        ran = subprocess.run(
            ["git", "-C", str(tmp_path), *who, *words],
            capture_output=True,
            text=True,
            check=True,
        )
        return ran.stdout.strip()

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "first")
    name = git("rev-parse", "--short", "HEAD")
    assert record.commit(tmp_path) == name
    (tmp_path / "notes").write_text("")
    assert record.commit(tmp_path) == name
    (tmp_path / "bridge" / "new.py").write_text("")
    assert record.commit(tmp_path) == f"{name}, changed"
