"""
From a front's configuration to its filters: that of its mode, then the operator's own.

``config`` has refused what these would: an exception here is a bug.
"""

from __future__ import annotations

from functools import partial

from bridge.config import http as config
from bridge.config.model import Front
from bridge.filters.ftp import FtpFilter
from bridge.filters.http import HttpFilter
from bridge.filters.http_settings import HeaderChanges, HttpSettings
from bridge.filters.named import use_of
from bridge.filters.use import Use


def filters_of(front: Front) -> tuple[Use, ...]:
    """From the client's side on."""
    own = tuple(use_of(each.use, each.settings) for each in front.filters)
    if front.mode == "http":
        make = partial(HttpFilter, settings=http_settings(front.http))
        return (Use(make, HttpFilter.reads_first, HttpFilter.secures_later), *own)
    if front.mode == "ftp":
        return (Use.of(FtpFilter), *own)
    return own


def http_settings(http: config.Http) -> HttpSettings:
    return HttpSettings(
        forwarded=http.forwarded,
        x_forwarded=http.x_forwarded,
        head=http.head,
        keep_alive=http.keep_alive,
        request=http.request,
        redirect_to_https=http.redirect_to_https,
        request_headers=_changes(http.headers.request),
        response_headers=_changes(http.headers.response),
    )


def _changes(changes: config.HeaderChanges) -> HeaderChanges:
    return HeaderChanges(changes.set, changes.add, changes.remove)
