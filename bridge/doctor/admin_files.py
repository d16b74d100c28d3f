"""
The files of ``admin``: the page's certificate, and its passwords.

Not here: certificates of fronts and farms (``certificates``).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path as File

from bridge.config.admin import Admin
from bridge.config.problems import Path
from bridge.net.certificates import CertificateError, load_pair
from bridge.net.passwords import PasswordError, load_passwords
from bridge.net.renewal import DAY, NOTICE

_TLS: Path = ("admin", "tls")
_PASSWORDS: Path = ("admin", "passwords")


def faults(admin: Admin, now: float) -> Iterator[tuple[Path, str]]:
    """What would stop a start at *now*, in seconds since the epoch: where, and why."""
    tls = admin.tls
    if tls is not None:
        key = tls.key or tls.certificate
        try:
            load_pair(tls.certificate, key, now)
        except CertificateError as error:
            named = "certificate" if error.file == tls.certificate else "key"
            yield (*_TLS, named), f"{error.file}: {error}"
    if admin.passwords is not None:
        try:
            load_passwords(admin.passwords)
        except PasswordError as error:
            yield _PASSWORDS, f"{error.file}: {error}"


def findings(admin: Admin, now: float) -> Iterator[tuple[Path, str]]:
    """What is no fault yet."""
    tls = admin.tls
    if tls is not None:
        at = (*_TLS, "certificate")
        until = load_pair(tls.certificate, tls.key or tls.certificate, now).not_after
        if until - now <= NOTICE * DAY:
            when = datetime.fromtimestamp(until, UTC)
            yield at, f"the certificate expires on {when:%Y-%m-%d at %H:%M} UTC"
        key = tls.key or tls.certificate
        where = "key" if tls.key else "certificate"
        if _is_open(key):
            what = "every user of this host may read the key"
            yield (*_TLS, where), f"{what}: chmod o= {key}"
    if admin.passwords is not None and _is_open(admin.passwords):
        what = "every user of this host may read it, and guess at leisure"
        yield _PASSWORDS, f"{what}: chmod o= {admin.passwords}"
    if tls is not None and admin.passwords is None and admin.allow_changes:
        what = "whoever can reach the page may change things: give admin passwords"
        yield ("admin", "allow_changes"), what


def _is_open(file: File) -> bool:
    try:
        return bool(os.stat(file).st_mode & stat.S_IROTH)
    except OSError:
        return False
