"""
Certificates and keys as their files are now: what would stop a start, and what will
stop working soon.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path as File

from bridge.config import ConfigError, Document
from bridge.config.problems import Flaw, Path, place_of, told
from bridge.config.tls import Certificate, FarmTls, FrontTls
from bridge.doctor.host import Host
from bridge.net.certificates import CertificateError
from bridge.net.renewal import DAY, NOTICE, Made
from bridge.net.securities import made_for_farm, made_for_front


def verify(document: Document, host: Host) -> None:
    """
    Make every context once, as the start will.

    Raises ConfigError, with each fault at the key that names the file.
    """
    if host.now is None:
        return
    flaws = [found for found in _made(document, host.now) if isinstance(found, Flaw)]
    if flaws:
        raise ConfigError(told(flaws, document.sources))


def findings(document: Document, host: Host) -> Iterator[tuple[Path, str]]:
    """What is no fault yet: at which key, and why it is worth a warning."""
    for name, farm in document.config.farms.items():
        if farm.tls is not None and farm.tls.insecure_skip_verify:
            what = "the servers are NOT verified: anybody on the way can be one of them"
            yield ("farms", name, "tls", "insecure_skip_verify"), what
    if host.now is None:
        return
    taken: dict[Path, set[str]] = {}
    for found in _made(document, host.now):
        if isinstance(found, Flaw):
            continue
        path, made = found
        yield from _expiring(path, made, host.now)
        if path[0] == "fronts":
            front = path[:3]
            yield from _unseen(path, made, taken.setdefault(front, set()))
    for path, tls in _fronts(document):
        for index, entry in enumerate(tls.certificates):
            yield from _readable((*path, "certificates", index), entry)


def _fronts(document: Document) -> Iterator[tuple[Path, FrontTls]]:
    for name, front in document.config.fronts.items():
        if front.tls is not None:
            yield ("fronts", name, "tls"), front.tls


def _made(document: Document, now: float) -> Iterator[tuple[Path, Made] | Flaw]:
    """Each context with the path of its certificate, or why there is none."""
    for path, tls in _fronts(document):
        for index, entry in enumerate(tls.certificates):
            here: Path = (*path, "certificates", index)

            def make(tls: FrontTls = tls, entry: Certificate = entry) -> Made:
                return made_for_front(tls, entry, now)

            keys = _files(here, entry) | _files(path, tls)
            yield _tried(document, make, (*here, "certificate"), keys)
    for name, farm in document.config.farms.items():
        if farm.tls is not None:
            here = ("farms", name, "tls")

            def make_farm(tls: FarmTls = farm.tls) -> Made:
                return made_for_farm(tls, now)

            keys = _files(here, farm.tls)
            yield _tried(document, make_farm, (*here, "certificate"), keys)


def _tried(
    document: Document,
    make: Callable[[], Made],
    path: Path,
    keys: dict[Path, File],
) -> tuple[Path, Made] | Flaw:
    try:
        return path, make()
    except CertificateError as error:
        at = next((key for key, file in keys.items() if file == error.file), path)
        message = f"{error.file}: {error}"
        return Flaw(place_of(document.places, at).value, at, message)


def _files(path: Path, part: Certificate | FrontTls | FarmTls) -> dict[Path, File]:
    """The files that one part names, by the paths of their keys."""
    keys = ("certificate", "key", "client_ca", "ca")
    named = ((key, getattr(part, key, None)) for key in keys)
    return {(*path, key): file for key, file in named if file is not None}


def _expiring(path: Path, made: Made, now: float) -> Iterator[tuple[Path, str]]:
    if made.pair is not None and made.pair.not_after - now <= NOTICE * DAY:
        when = datetime.fromtimestamp(made.pair.not_after, UTC)
        yield path, f"the certificate expires on {when:%Y-%m-%d at %H:%M} UTC"


def _readable(path: Path, entry: Certificate) -> Iterator[tuple[Path, str]]:
    key = entry.key or entry.certificate
    try:
        mode = os.stat(key).st_mode
    except OSError:
        return  # which is a fault
    if mode & stat.S_IROTH:
        at = "key" if entry.key else "certificate"
        yield (*path, at), f"every user of this host may read the key: chmod o= {key}"


def _unseen(path: Path, made: Made, taken: set[str]) -> Iterator[tuple[Path, str]]:
    """
    A certificate that no client will see.  *taken*: the names of those before it in
    the list, of which the first is for whoever asks for no name of any.
    """
    names = set(made.pair.names) if made.pair else set()
    is_first = path[-2] == 0
    if not is_first and names <= taken:
        why = "is for names that have one already" if names else "has no name in it"
        yield path, f"the certificate {why}: no client will see it"
    taken |= names
