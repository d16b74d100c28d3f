"""
What all processes of a gateway have counted, put together.

It is read where they have written it, so nobody is asked and nobody waited for: one
that hangs is told with what it last told, and as one that hangs.  Totals only grow, for
as long as the gateway lives: what a process counted that has ended is part of them.

Not here: who writes (``service.publishing``), and for whom it is read (``web``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from bridge import __version__
from bridge.config.plain import digest
from bridge.control.slices import at_once
from bridge.processes.generation import Generation, Place
from bridge.processes.standing import Standing
from bridge.service.listed import slices
from bridge.service.numbers_told import plain
from bridge.watch.metrics import METRICS, NANO, Series, Whole
from bridge.watch.reading import Process, Reading, Running

if TYPE_CHECKING:
    from bridge.config.model import Config
    from bridge.control.slices import Steps
    from bridge.processes.known_series import KnownSeries
    from bridge.service.ledger import OwnLedger

HANGS = 3.0
"""Seconds after which a process hangs that has told nothing."""

PIECE = 100
"""Series that are read in a slice."""

EACH = tuple(name for name, each in METRICS.items() if each.whole is Whole.EACH)


def _today() -> float:
    return datetime.now(UTC).timestamp()


class Sources(Protocol):
    """Where numbers are: see ``making``."""

    @property
    def ledgers(self) -> Sequence[OwnLedger]:
        """Of what was, or is, this process itself."""

    @property
    def known(self) -> KnownSeries | None:
        """Of the board; None: there is none yet."""


class Gateway(Protocol):
    """All generations: the supervisor."""

    @property
    def current(self) -> Generation: ...

    @property
    def others(self) -> Sequence[Generation]: ...

    @property
    def standing(self) -> Standing: ...


class Numbers:
    """Of *gateway*, *now* by the monotonic clock, and *today* since the epoch."""

    def __init__(
        self,
        gateway: Gateway,
        sources: Sources,
        now: Callable[[], float],
        today: Callable[[], float] = _today,
    ) -> None:
        self._gateway = gateway
        self._sources = sources
        self._now = now
        self._today = today
        self.besides: Callable[[], Iterable[tuple[Series, int]]] = tuple
        """What no process counts: of the page itself."""
        self._started = today()
        self._digested: tuple[Config | None, str] = None, ""

    def now(self) -> dict[str, Any]:
        """All of it as plain values, at once: see ``service.numbers_told``."""
        return at_once(self.steps())

    def steps(self) -> Steps[dict[str, Any]]:
        """The same in slices, since this may be the process that moves the bytes."""
        reading = yield from self.read()
        yield
        return (yield from plain(reading))

    def reading(self) -> Reading:
        """At once."""
        return at_once(self.read())

    def read(self) -> Steps[Reading]:
        """In slices."""
        known = self._sources.known
        if known is not None:
            known.forget(self._now())
        numbers: dict[Series, int] = {}
        accepting = self._gateway.current.places()
        for series in slices(self._series(), PIECE):
            if series is None:
                yield
            else:
                numbers[series] = self._total(series, accepting)
        numbers.update(self.besides())
        return self._whole(numbers)

    def standing(self) -> Reading:
        """Without the numbers of all together, which take long."""
        return self._whole({})

    def _series(self) -> Iterator[Series]:
        """Each once, but those that each process has of its own."""
        seen = set[Series]()
        known = self._sources.known
        for each in (*(x.numbers for x in self._sources.ledgers), known or ()):
            for series in tuple(each):
                if series not in seen and series[0] not in EACH:
                    seen.add(series)
                    yield series

    def _total(self, series: Series, accepting: Sequence[Place]) -> int:
        whole = METRICS[str(series[0])].whole
        if whole is Whole.SUM:
            known = self._sources.known
            own = sum(each.read(series) for each in self._sources.ledgers)
            return own + (known.total(series) if known is not None else 0)
        each_number = (place.read(series) for place in accepting)
        found = [number for number in each_number if number]
        if not found:
            return 0
        return min(found) if whole is Whole.LEAST else max(found)

    def _whole(self, numbers: dict[Series, int]) -> Reading:
        standing, now, today = self._gateway.standing, self._now(), self._today()
        generations = (self._gateway.current, *self._gateway.others)
        processes = [
            _process(generation, place, now)
            for generation in generations
            for place in generation.places()
        ]
        return Reading(
            time=today,
            seconds=now,
            version=__version__,
            started=self._started,
            draining=standing.stopping,
            why=tuple(self._why_not(processes)),
            digest=self._digest(self._gateway.current.document.config),
            reloaded=standing.reloaded,
            reloaded_at=today - (now - standing.reloaded_at),
            generations=tuple(map(_running, generations)),
            processes=processes,
            numbers=numbers,
        )

    def _why_not(self, processes: Sequence[Process]) -> Iterator[str]:
        """Why no new session is taken."""
        standing, number = self._gateway.standing, self._gateway.current.number
        if standing.stopping:
            yield "the gateway drains"
        elif not standing.accepts:
            yield "the gateway starts"
        elif not any(each.up for each in processes if each.generation == number):
            yield f"no worker of generation {number} tells that it is alive"

    def _digest(self, config: Config) -> str:
        """Made once for each configuration: it may be long."""
        if self._digested[0] is not config:
            self._digested = config, digest(config)
        return self._digested[1]


def _process(generation: Generation, place: Place, now: float) -> Process:
    beat = place.read(("beat",))
    age = None if not beat else max(0.0, now - beat / NANO)
    return Process(
        generation=generation.number,
        worker=place.worker,
        pid=place.pid,
        retires=generation.retiring,
        age=age,
        up=age is not None and age < HANGS,
        numbers={name: place.read((name,)) for name in EACH if name != "beat"},
    )


def _running(generation: Generation) -> Running:
    return Running(
        generation.number,
        generation.retiring,
        len(generation.places()),
        generation.restarts,
    )
