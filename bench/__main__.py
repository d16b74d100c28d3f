"""
``python -m bench``: build the bed, measure in rounds, print tables, write the pages.

Contenders take turns within every round, so that what else the machine does meets all
of them alike; only one is loaded at a time.  A row is written when it is measured: a
run that is ended early has not been in vain.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from bench import (
    aims,
    contenders,
    farm,
    figures,
    http,
    logged,
    pythons,
    record,
    report,
    secure,
)
from bench.contenders import (
    BEFORE,
    CONTENDERS,
    PROXIED,
    RATE,
    SPECIAL,
    UNLIMITED,
    Command,
    Target,
    by,
    of_tree,
    running,
    versions,
)
from bench.http import HTTP
from bench.knowing import KNOWLEDGE
from bench.loads import Bench, Figures, LoadError
from bench.logged import LOGGED
from bench.rows import ROWS, Prepared, Row
from bench.secure import SECURE
from bench.watching import LOOKED_AT
from bench.workers import THREADS, WORKERS
from tests.netlab import Lab

COMMANDS: dict[str, Command | None] = {
    **CONTENDERS,
    **SPECIAL,
    **SECURE,
    **HTTP,
    **WORKERS,
    **LOGGED,
    **KNOWLEDGE,
    **LOOKED_AT,
}
TROUBLE = (LoadError, OSError, subprocess.SubprocessError, TimeoutError)


def names(known: Iterable[str]) -> Callable[[str], list[str]]:
    """An argparse type: some of *known*, with commas between."""

    def split(text: str) -> list[str]:
        chosen = text.split(",")
        for name in chosen:
            if name not in known:
                raise argparse.ArgumentTypeError(
                    f"{name!r} is not one of {', '.join(known)}"
                )
        return chosen

    return split


def timed(
    program: str, about: str | None, *, rounds: int, seconds: int
) -> argparse.ArgumentParser:
    """For a *program* that measures in rounds, with its defaults."""
    parser = argparse.ArgumentParser(prog=program, description=about)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument(
        "--seconds", type=int, default=seconds, help="length of one measurement"
    )
    return parser


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = timed("python -m bench", __doc__, rounds=5, seconds=2)
    parser.add_argument(
        "--only",
        type=names(ROWS),
        default=list(ROWS),
        metavar="ROW,…",
        help="rows to measure: " + ", ".join(ROWS),
    )
    parser.add_argument(
        "--contenders",
        type=names(CONTENDERS),
        default=list(CONTENDERS),
        metavar="NAME,…",
        help="from: " + ", ".join(CONTENDERS),
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="CHECKOUT",
        help="another checkout, set up by `make .venv/ready`: its gateway is measured "
        f"too, as {BEFORE!r}",
    )
    parser.add_argument(
        "--python",
        type=lambda text: text.split(","),
        default=[],
        metavar="PYTHON,…",
        help="other Pythons: the gateway is measured by each of them, too, in rows of"
        " all contenders, of logs and of TLS",
    )
    parser.add_argument(
        "--congestion",
        default="reno",
        metavar="NAME",
        help="congestion control of the gateway: reno, unless said, which every"
        " namespace may have and which paces nothing, like cubic",
    )
    parser.add_argument(
        "--ends",
        default="bbr",
        metavar="NAME",
        help="that of client and server: bbr, unless said, which paces what they send,"
        " as links do",
    )
    parser.add_argument(
        "--write",
        type=Path,
        metavar="FOLDER",
        help=f"put these rows into its {figures.FILE} and {figures.PAGE}, and into"
        f" {figures.README} beside it",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="end with 1 if any of these rows misses an aim",
    )
    return parser.parse_args(words)


class Contest:
    """The bed with the farm and all contenders running in it."""

    def __init__(
        self, bench: Bench, directory: Path, options: argparse.Namespace
    ) -> None:
        self._bench = bench
        self._directory = directory
        self._contenders: list[str] = list(options.contenders)
        self._commands = dict(COMMANDS)
        self._secure = list(SECURE)
        self._http = list(HTTP)
        self._logged = list(LOGGED)
        if options.against:
            tree = options.against.absolute()
            self._commands[BEFORE] = of_tree(tree, contenders.bridge)
            self._commands[secure.BEFORE] = of_tree(tree, secure.bridge)
            self._contenders.append(BEFORE)
            self._commands[http.BEFORE] = of_tree(tree, http.bridge)
            self._secure.append(secure.BEFORE)
            self._http.append(http.BEFORE)
            self._commands[logged.BEFORE] = of_tree(tree, LOGGED[logged.JSON])
            self._logged.append(logged.BEFORE)
        for python in options.python:
            self._add_python(python)
        self._targets: dict[str, Target] = {}
        self._port = 8000

    def _add_python(self, python: str) -> None:
        """The gateway by that one: in rows of all, of both kinds of lines, of TLS."""
        version = pythons.name_of(python)
        if version == pythons.name_of(sys.executable):
            return  # it is measured in any case
        place = pythons.environment(python)
        name = f"bridge, {version}"
        self._commands[name] = by(place, contenders.bridge)
        self._contenders.append(name)
        for each in (logged.TEXT, logged.JSON):
            name = f"{each}, {version}"
            self._commands[name] = by(place, LOGGED[each])
            self._logged.append(name)
        name = f"{secure.BRIDGE}, {version}"
        self._commands[name] = by(place, secure.bridge)
        self._secure.append(name)

    @contextmanager
    def started(self) -> Iterator[None]:
        """Every contender up; one that cannot start is left out and said so."""
        with ExitStack() as stack:
            for name in self._contenders:
                try:
                    self._targets[name] = stack.enter_context(self._run(name))
                except TROUBLE as error:
                    complain(name, "start", error)
            yield

    def measure(self, row: Row, rounds: int) -> report.Rounds:
        names = self._taking_part(row)
        figures: report.Rounds = {name: [] for name in names}
        if row.prepared is not None:
            return self._measure_one(row, row.prepared, rounds)
        for _ in range(rounds):
            for name in names:
                figures[name].append(self._once(row, name))
        return figures

    def _measure_one(self, row: Row, prepared: Prepared, rounds: int) -> report.Rounds:
        """All by the first one's process, in turn."""
        figures: report.Rounds = {name: [{}] * rounds for name in row.contenders}
        first = row.contenders[0]
        try:
            with self._run(first) as target, prepared(self._bench, target):
                for number in range(rounds):
                    for name, told in figures.items():
                        watched = replace(target, watched=name)
                        told[number] = self._told(row, name, watched)
        except TROUBLE as error:
            complain(first, row.title, error)
        return figures

    def _taking_part(self, row: Row) -> Sequence[str]:
        if row.contenders == tuple(SECURE):
            return self._secure
        if row.contenders == tuple(HTTP):
            return self._http
        if row.contenders == tuple(LOGGED):
            return self._logged
        return row.contenders or self._contenders

    def _once(self, row: Row, name: str) -> Figures:
        if name not in self._targets and not row.contenders:
            return {}
        if not row.fresh:
            return self._told(row, name, self._targets[name])
        try:
            with self._run(name) as target:
                if name in self._secure:
                    target = replace(target, scheme="https")
                if name in THREADS:
                    target = replace(target, threads=THREADS[name])
                if name == PROXIED:
                    target = replace(target, proxied=True)
                if name == UNLIMITED:
                    target = replace(target, rate=RATE)
                return row.measure(self._bench, target)
        except TROUBLE as error:
            complain(name, row.title, error)
            return {}

    def _told(self, row: Row, name: str, target: Target) -> Figures:
        try:
            return row.measure(self._bench, target)
        except TROUBLE as error:
            complain(name, row.title, error)
            return {}

    def _run(self, name: str) -> AbstractContextManager[Target]:
        self._port += 2
        place = name.replace("/", "-")
        directory = self._directory / f"{place}-{self._port}"
        lab = self._bench.lab
        return running(lab, self._commands[name], directory, self._port)


def complain(name: str, what: str, error: Exception) -> None:
    print(f"{name}: {what}: {error}", file=sys.stderr, flush=True)


def tell(lines: Iterable[str]) -> None:
    print(*lines, "", sep="\n", flush=True)


def main(words: Sequence[str]) -> None:
    options = arguments(words)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    compared = {
        **versions(),
        "Python": pythons.name_of(sys.executable),
        "congestion control": f"{options.congestion} ({options.ends} at the ends)",
    }
    made = record.made(compared, options.rounds, options.seconds)
    kept = record.load(options.write / figures.FILE) if options.write else {}
    tell(report.header(compared, options.rounds, options.seconds))
    for name, told in measured(options):
        tell(report.table_of(ROWS[name], told))
        kept[name] = record.entry(made, told)
        if options.write:
            figures.write(options.write, kept)
    tell(aims.table(kept))
    tell(figures.readme(kept))
    unmet = aims.unmet({row: kept[row] for row in options.only})
    if options.strict and unmet:
        raise SystemExit("\n".join(unmet))


def control(lab: Lab, options: argparse.Namespace) -> None:
    """Whatever the machine is set to: it makes half of a bulk flow's figures."""
    ends, own = options.ends, options.congestion
    for host, name in ((lab.client, ends), (lab.server, ends), (lab.gateway, own)):
        try:
            host.sysctl(ipv4__tcp_congestion_control=name)
        except subprocess.CalledProcessError:
            raise SystemExit(
                f"no namespace may have the congestion control {name} here: load its"
                f" module (modprobe tcp_{name}), or choose another one; --help"
            ) from None


def measured(options: argparse.Namespace) -> Iterator[tuple[str, report.Summary]]:
    """The chosen rows, one by one."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, Lab(routed=True) as lab:
        directory = Path(name)
        control(lab, options)
        farm.start(lab, directory)
        for host in (lab.client, lab.gateway):
            # Room for all the connections that a minute of TIME_WAIT remembers: else a
            # row pays for those before, since connect(2) searches long for a free port.
            host.sysctl(ipv4__ip_local_port_range="1024 65535", ipv4__tcp_tw_reuse="1")
        contest = Contest(Bench(lab, options.seconds), directory, options)
        with contest.started():
            for key in options.only:
                row = ROWS[key]
                yield key, report.summary(row, contest.measure(row, options.rounds))


if __name__ == "__main__":
    main(sys.argv[1:])
