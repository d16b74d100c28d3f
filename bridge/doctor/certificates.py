"""
Certificates and keys as their files are now: what would stop a start, and what will
stop working soon.

Not here: how a part of the configuration is had where others of it are wrong
(``drafts``).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path as File

from bridge.config import ConfigError, Document, load
from bridge.config.problems import Draft, Flaw, Path, Place, place_of, told
from bridge.config.tls import Certificate, FarmTls, FrontTls
from bridge.doctor import admin_files, own_filters, start
from bridge.doctor.drafts import Secured, secured_by, secured_of
from bridge.doctor.host import Host
from bridge.doctor.own_filters import named_by, named_of
from bridge.net.certificates import (
    CertificateError,
    Pair,
    load_certificates,
    load_key,
)
from bridge.net.renewal import DAY, NOTICE, Made
from bridge.net.securities import made_for_farm, made_for_front, rule_of
from bridge.net.signing import Kind, kind_of


def read(file: File, environment: Mapping[str, str], host: Host) -> Document:
    """
    The configuration in *file*, verified: ``load`` and ``verify`` in one.

    Raises ConfigError, with everything that is wrong with it and with the files it
    names.
    """
    try:
        document = load(file, environment)
    except ConfigError as error:
        if error.draft is None or host.now is None:
            raise
        raise _with_more(error.draft, host.now) from None
    verify(document, host)
    return document


def verify(document: Document, host: Host) -> None:
    """
    Make every context once, as the start will; and see what else would stop it.

    Raises ConfigError, with each fault at the key that names the file.
    """
    if host.now is None:
        return
    places = document.places
    flaws = _flaws(secured_of(document.config), places, host.now)
    folder = File(places[()].value.file).parent
    flaws += own_filters.flaws(named_of(document.config), places, folder)
    flaws += [
        Flaw(place_of(places, path).value, path, message)
        for path, message in admin_files.faults(document.config.admin, host.now)
    ]
    flaws += start.flaws(document, host)
    if flaws:
        raise ConfigError(told(flaws, document.texts))


def findings(document: Document, host: Host) -> Iterator[tuple[Path, str]]:
    """What is no fault yet: at which key, and why it is worth a warning."""
    for name, farm in document.config.farms.items():
        if farm.tls is not None and farm.tls.insecure_skip_verify:
            what = "the servers are NOT verified: anybody on the way can be one of them"
            yield ("farms", name, "tls", "insecure_skip_verify"), what
    if host.now is None:
        return
    for part in secured_of(document.config):
        listed: list[_Candidate] = []
        for found in _made(part, host.now):
            if not isinstance(found, _Fault):
                yield from _expiring(*found, host.now)
                yield from _shown(part.tls, *found, listed)
        for index, entry in part.entries:
            yield from _readable((*part.path, "certificates", index), entry)
        yield from _outlived(part, host.now)
    yield from admin_files.findings(document.config.admin, host.now)


@dataclass(frozen=True)
class _Fault:
    """A file that cannot be used, at the key that names it."""

    path: Path
    message: str


@dataclass(frozen=True)
class _Candidate:
    """A certificate that clients may be shown: for whom, and to whom."""

    pair: Pair
    kind: Kind
    rule: tuple[str, File | None]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.pair.names)

    def stands_in_for(self, other: _Candidate) -> bool:
        """Whether it is shown to clients that cannot verify the *other*'s key."""
        mine = self.names | frozenset(self.pair.addresses)
        shared = mine & {*other.pair.names, *other.pair.addresses}
        return bool(shared) and self.rule == other.rule


def _with_more(draft: Draft, now: float) -> ConfigError:
    """What is wrong with a configuration, and with the files that it names."""
    flaws = _flaws(secured_by(draft), draft.places, now)
    flaws += own_filters.flaws(named_by(draft), draft.places, draft.folder)
    return ConfigError([*told([*draft.flaws, *flaws], draft.texts), *draft.problems])


def _flaws(
    parts: Iterable[Secured], places: Mapping[Path, Place], now: float
) -> list[Flaw]:
    return [
        Flaw(place_of(places, found.path).value, found.path, found.message)
        for part in parts
        for found in _made(part, now)
        if isinstance(found, _Fault)
    ]


def _made(part: Secured, now: float) -> Iterator[tuple[Path, Made] | _Fault]:
    """Each context of *part* with the path of its certificate, or why there is none."""
    tls = part.tls
    keys = _files(part.path, tls)
    if isinstance(tls, FarmTls):
        yield from _tried(
            (*part.path, "certificate"), keys, partial(made_for_farm, tls, now)
        )
        return
    for index, entry in part.entries:
        here: Path = (*part.path, "certificates", index)
        make = partial(made_for_front, tls, entry, now)
        yield from _tried((*here, "certificate"), _files(here, entry) | keys, make)


def _tried(
    path: Path, keys: Mapping[Path, File], make: Callable[[], Made]
) -> Iterator[tuple[Path, Made] | _Fault]:
    """Every file for itself, so that all faults are told; then all of them together."""
    faults = [fault for at, file in keys.items() for fault in _unread(at, file)]
    if faults:
        yield from faults
        return
    try:
        yield path, make()
    except CertificateError as error:
        at = next((key for key, file in keys.items() if file == error.file), path)
        yield _Fault(at, f"{error.file}: {error}")


def _unread(path: Path, file: File) -> Iterator[_Fault]:
    try:
        load_key(file) if path[-1] == "key" else load_certificates(file)
    except CertificateError as error:
        yield _Fault(path, f"{file}: {error}")


def _files(path: Path, part: Certificate | FrontTls | FarmTls) -> dict[Path, File]:
    """The files that one part names, by the paths of their keys."""
    keys = ("certificate", "key", "client_ca", "ca")
    named = ((key, getattr(part, key, None)) for key in keys)
    return {(*path, key): file for key, file in named if file is not None}


def _expiring(path: Path, made: Made, now: float) -> Iterator[tuple[Path, str]]:
    if made.pair is not None and made.pair.not_after - now <= NOTICE * DAY:
        when = datetime.fromtimestamp(made.pair.not_after, UTC)
        yield path, f"the certificate expires on {when:%Y-%m-%d at %H:%M} UTC"


def _outlived(part: Secured, now: float) -> Iterator[tuple[Path, str]]:
    """Authorities that have all expired vouch for nobody."""
    at = [_files(part.path, part.tls)]
    at += [
        _files((*part.path, "certificates", index), entry)
        for index, entry in part.entries
    ]
    for path, file in ((k, f) for keys in at for k, f in keys.items()):
        if path[-1] not in ("client_ca", "ca"):
            continue
        last = max(
            each.not_valid_after_utc.timestamp() for each in load_certificates(file)
        )
        if last <= now:
            when = datetime.fromtimestamp(last, UTC)
            what = f"nobody is believed: what is in {file} expired"
            yield path, f"{what} by {when:%Y-%m-%d at %H:%M} UTC"


def _readable(path: Path, entry: Certificate) -> Iterator[tuple[Path, str]]:
    key = entry.key or entry.certificate
    try:
        mode = os.stat(key).st_mode
    except OSError:
        return  # which is a fault
    if mode & stat.S_IROTH:
        at = "key" if entry.key else "certificate"
        yield (*path, at), f"every user of this host may read the key: chmod o= {key}"


def _shown(
    tls: FrontTls | FarmTls, path: Path, made: Made, listed: list[_Candidate]
) -> Iterator[tuple[Path, str]]:
    """A front's certificate that is of no use to clients.  *listed*: those before."""
    index = path[-2]
    if made.pair is None or isinstance(tls, FarmTls) or not isinstance(index, int):
        return
    rule = rule_of(tls, tls.certificates[index])
    own = _Candidate(made.pair, kind_of(made.pair.key), rule)
    if not own.pair.names and not own.pair.addresses:
        why = "without subjectAltName no client of today believes it (RFC 9525)"
        yield path, f"the certificate has no name in it: {why}"
    elif listed:
        why = _unseen(own, listed)
        if why:
            yield path, why
    listed.append(own)


def _unseen(own: _Candidate, before: Sequence[_Candidate]) -> str:
    """Why no client will see it, or none that asks for one of its names."""
    nobody = "no client will see it"
    alike = [each for each in before if each.kind == own.kind]
    taken = frozenset[str]().union(*(each.names for each in alike))
    rivals = [e for e in before if e.kind != own.kind and e.rule != own.rule]
    shared = sorted({name for each in rivals for name in each.names & own.names})
    if shared:
        why = "one before it in the list has another rule for clients' certificates"
        return f"for {shared[0]} {nobody}: {why}"
    if not own.names <= taken or (not alike and own.stands_in_for(before[0])):
        return ""
    if not own.names:
        return f"the certificate has no host's name in it: {nobody}"
    return f"the certificate is for names that have one already: {nobody}"
