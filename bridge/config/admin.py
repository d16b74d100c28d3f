"""
How the running gateway is asked and changed, as configured.

Not here: what it answers (``control``, ``web``).
"""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from bridge.config.places import SOCKET, WEB
from bridge.config.profile import Part
from bridge.config.scalars import Kind, Switch, shown
from bridge.config.tls import File, Minimum, or_off
from bridge.net.address import MAX_UNIX_PATH, Address

_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})")


def _socket(value: object, info: ValidationInfo) -> object:
    """A path is made absolute, like those of ``tls``."""
    if value is False or value == "off":
        return None
    if not isinstance(value, str) or not value or "\0" in value or value[-1] == "/":
        raise ValueError(
            f"{shown(value)} is no socket: write the path of one, like {SOCKET}, or off"
        )
    context: dict[str, Path] = info.context or {}
    path = os.path.abspath(context.get("folder", Path()) / value)
    if len(os.fsencode(path)) > MAX_UNIX_PATH:
        raise ValueError(
            f"{shown(path)} is longer than {MAX_UNIX_PATH} bytes, all that a socket's "
            "name holds"
        )
    return path


def _web(value: object) -> object:
    if value is False or value == "off":
        return None
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is no address: write {WEB!r}, or off")
    return Address.parse(value)


def _names(value: object) -> object:
    """As browsers send them: in lower case, and without the dot of the root."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(map(_is_name, names)):
        right = 'write one, "gateway.example.net", or a list'
        raise ValueError(f"{shown(value)} are no host names: {right}")
    return tuple(name.lower().rstrip(".") for name in names)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


class AdminTls(Part):
    """What browsers and Prometheus are shown."""

    certificate: File
    """PEM file of the certificate and, behind it, of what leads from it to an
    authority. It is read again when it changes, and on HUP."""
    key: Annotated[File | None, Kind("a file's path", none="that of `certificate`")] = (
        None
    )
    """PEM file of its key, without a passphrase."""
    minimum: Minimum = "1.2"
    """The oldest version that is spoken."""


class Admin(Part):
    """How the running gateway is watched and changed."""

    socket: Annotated[
        str | None,
        BeforeValidator(_socket),
        Kind("a socket's path or off", none="off"),
        WithJsonSchema({"type": "string"}),
    ] = SOCKET
    """The socket that `bridgectl` talks to; only the gateway's user and root may
    (mode 0600). A relative path begins in the folder of the configuration file. One
    that is written here and cannot be made stops the start; the default is done
    without then, which the log says. `docs/admin.md` has what is spoken there."""
    web: Annotated[
        Address | None,
        BeforeValidator(_web),
        Kind("an address and port, or off", none="off"),
        WithJsonSchema({"type": "string"}),
    ] = Address.parse(WEB)
    """Where the page, `/metrics`, `/livez`, `/readyz` and `/healthz` are served. One
    that is written here and cannot be had stops the start; the default is done
    without then, which the log says. Others than this host can only be let in with
    `tls` and `passwords`. `docs/metrics.md` has what is told there."""
    names: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()
    """Names that `web` is asked by, beside addresses and `localhost`: others are
    refused, or any page that somebody looks at could ask it by a name that it has led
    here (DNS rebinding)."""
    tls: Annotated[
        AdminTls | None,
        BeforeValidator(partial(or_off, "{certificate: a.pem, key: a.key}")),
        Kind("a map or off", none="off"),
    ] = None
    """TLS on `web`: without it, and `passwords`, that must be a loopback address."""
    passwords: Annotated[File | None, Kind("a file's path", none="nobody is asked")] = (
        None
    )
    """A file of names and passwords, a line each: `bridgectl password NAME` makes one.
    Who asks `web` for anything but `/livez` and `/readyz` must know one of them (HTTP's
    Basic authentication). It is read again on HUP."""
    allow_changes: Switch = False
    """Lets the page drain and ready servers, and kill sessions: whoever can open it
    may, so give it `passwords`. Without it the page shows, and changes nothing."""

    @property
    def chosen(self) -> bool:
        """Whether the file says where the socket is, and it must be there."""
        return "socket" in self.model_fields_set

    @property
    def web_chosen(self) -> bool:
        """The same of ``web``."""
        return "web" in self.model_fields_set
