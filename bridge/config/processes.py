"""How many processes share the work, and where they run: ``workers`` and ``cpus``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import PlainValidator, WithJsonSchema

from bridge.config.problems import Flaw, Path, Place, place_of
from bridge.config.scalars import Bounds, Kind, WholeOrAuto, shown, whole

MOST = 64
"""Workers: a gateway for more cores than that is several gateways."""

HIGHEST = 1023
"""The number of a processor that sched_setaffinity(2) takes in one set of glibc's."""

Workers: TypeAlias = Annotated[WholeOrAuto, Bounds(1, MOST)]


def cpus(value: object) -> tuple[int, ...] | None:
    """
    Numbers of processors, one a worker, or None for ``auto``.  Raises ValueError.

    >>> cpus([0, "2"]), cpus("auto")
    ((0, 2), None)
    """
    if value is None or value == "auto":
        return None
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(
            f"{shown(value)} is no list of processors: write [0, 1] or auto"
        )
    numbers = tuple(whole(each) for each in value)
    for number in numbers:
        if not 0 <= number <= HIGHEST:
            raise ValueError(f"{number} is no processor: they are 0..{HIGHEST}")
    return numbers


def _show(found: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, found))}]"


Cpus: TypeAlias = Annotated[
    tuple[int, ...] | None,
    PlainValidator(cpus),
    Kind("a list of processors or auto", none="auto", show=_show),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": "auto"},
                {"type": "array", "minItems": 1, "items": {"type": "integer"}},
            ]
        }
    ),
]


def flaws(values: Any, places: Mapping[Path, Place]) -> Iterator[Flaw]:
    """Whether there is a processor for each worker, and a worker for each."""
    if not isinstance(values, dict):
        return
    numbers, workers = values.get("cpus"), values.get("workers", 1)
    if not isinstance(numbers, list) or workers == "auto":
        return
    try:
        count = whole(workers)
    except ValueError:
        return  # the model says so
    if count != len(numbers):
        what = (
            f"names {len(numbers)} processors for {count} workers: one each is needed"
        )
        yield Flaw(place_of(places, ("cpus",)).value, ("cpus",), what)
