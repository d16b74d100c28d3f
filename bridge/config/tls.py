"""
TLS on a front and on a farm, as frozen values.

Only what is written; the files themselves are read by ``bridge.net.certificates``, and
``doctor`` says what is wrong with them.  What the keys owe each other is in
``tls_checks``.
"""

from __future__ import annotations

import os
import re
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, WithJsonSchema

from bridge.config.addresses import listed, some
from bridge.config.profile import Part
from bridge.config.scalars import Kind, Switch, shown
from bridge.net.names import hostname, is_address

_PROTOCOL = re.compile(r"[!-+.-~\-]{1,255}")  # printable, without a comma
_TEXT = {"type": "string"}


def _file(value: object, info: ValidationInfo) -> object:
    """
    A path, made absolute: relative ones begin in the folder of the configuration file,
    wherever the gateway was started.
    """
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError(f"{shown(value)} is no file's path")
    context: dict[str, Path] = info.context or {}
    return Path(os.path.abspath(context.get("folder", Path()) / value))


def _minimum(value: object) -> object:
    text = f"{value:g}" if isinstance(value, float) else value
    if text in ("1.2", "1.3"):
        return text
    why = (
        " is refused (RFC 8996)" if text in ("1.0", "1.1", "1", 1) else " is no choice"
    )
    raise ValueError(f'{shown(value)}{why}: write "1.2" or "1.3"')


def _protocol(value: object) -> object:
    if isinstance(value, str) and _PROTOCOL.fullmatch(value):
        return value
    right = "write one name in each place, like [h2, http/1.1]"
    raise ValueError(f"{shown(value)} is no protocol's name: {right}")


def _distinct(protocols: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(protocols)) < len(protocols):
        raise ValueError("has a protocol twice: take one out")
    return protocols


def _identity(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is neither a name nor an address: quote it")
    return str(ip_address(value)) if is_address(value) else hostname(value)


def _sni(value: object) -> object:
    if value is False or value in ("off", ""):
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is neither off nor a name: quote it")
    if is_address(value):
        right = "write a name, or off"
        raise ValueError(
            f"{value!r} is an address, which SNI has no place for: {right}"
        )
    return hostname(value)


def or_off(example: str, value: object) -> object:
    """*value*, a map like *example*; None for off.  Raises ValueError."""
    if value is False or value == "off":
        return None
    if isinstance(value, dict | Part):
        return value
    raise ValueError(f"{shown(value)} is neither off nor a map like {example}")


File: TypeAlias = Annotated[
    Path, BeforeValidator(_file), Kind("a file's path"), WithJsonSchema(_TEXT)
]
Minimum: TypeAlias = Annotated[
    Literal["1.2", "1.3"],
    BeforeValidator(_minimum),
    Kind('"1.2" or "1.3"', show=lambda text: f'"{text}"'),
    WithJsonSchema({"enum": ["1.2", "1.3", 1.2, 1.3]}),
]
Protocols: TypeAlias = Annotated[
    tuple[Annotated[str, BeforeValidator(_protocol)], ...],
    BeforeValidator(listed),
    AfterValidator(_distinct),
    Kind("a protocol's name, or a list of them"),
    WithJsonSchema({"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}),
]
Rule: TypeAlias = Literal["none", "optional", "required"]


class Certificate(Part):
    """One certificate of a front."""

    certificate: File
    """PEM file of the certificate and, behind it, of what leads from it to an
    authority. It is shown to clients that ask for one of the names in its
    subjectAltName, wildcards included; the first of the list is for all others."""
    key: Annotated[File | None, Kind("a file's path", none="that of `certificate`")] = (
        None
    )
    """PEM file of its key, without a passphrase. Default: it is in the file of the
    certificate."""
    client_certificate: Annotated[
        Rule | None, Kind("none, optional or required", none="the front's")
    ] = None
    """Whether clients that ask for its names show a certificate of their own, where
    that is not as for the whole front."""
    client_ca: Annotated[File | None, Kind("a file's path", none="the front's")] = None
    """Whose certificates those may be, where that is not as for the whole front."""


class FrontTls(Part):
    """TLS towards clients."""

    certificates: Annotated[
        tuple[Certificate, ...],
        BeforeValidator(some),
        Kind("a list of maps"),
    ]
    """What clients are shown. The files are read again when they change."""
    minimum: Minimum = "1.2"
    """The oldest version that is spoken; those before 1.2 never are."""
    alpn: Protocols = ()
    """What clients may speak inside (ALPN), in order of preference, such as
    `[h2, http/1.1]`. A client that offers nothing of this is refused, one that offers
    nothing at all is not. Empty: it is not negotiated."""
    strict_sni: Switch = False
    """Refuses clients that ask for no name, or for one that no certificate has."""
    tickets: Switch = True
    """Lets clients resume their sessions, which saves both ends most of a handshake.
    The keys of the tickets are in memory only, and a day old at most."""
    client_certificate: Annotated[Rule, Kind("none, optional or required")] = "none"
    """Whether clients show a certificate of their own: they are not asked (`none`), may
    (`optional`) or must (`required`). What is shown is always verified."""
    client_ca: File | None = None
    """PEM file of the authorities whose certificates clients may have."""


class FarmTls(Part):
    """TLS towards servers."""

    identity: Annotated[
        str | None,
        BeforeValidator(_identity),
        Kind("a name or an address", none="the server's address"),
        WithJsonSchema(_TEXT),
    ] = None
    """Who a server must prove to be: this name or IP address must stand in its
    certificate's subjectAltName (RFC 9525). Default: what stands under `servers`,
    without its port; with a `map` a server's address."""
    ca: Annotated[File | None, Kind("a file's path", none="the system's")] = None
    """PEM file of the authorities to believe. Default: the ones that the system
    does."""
    certificate: File | None = None
    """PEM file of a certificate for servers that ask for one, with its chain."""
    key: Annotated[File | None, Kind("a file's path", none="that of `certificate`")] = (
        None
    )
    """PEM file of its key, without a passphrase."""
    sni: Annotated[
        str | None,
        BeforeValidator(_sni),
        Kind("a name or off", none="the identity, unless that is an address"),
        WithJsonSchema(_TEXT),
    ] = None
    """The name to ask servers for (SNI); `off` asks for none."""
    alpn: Protocols = ()
    """What is offered to servers (ALPN), in order of preference."""
    minimum: Minimum = "1.2"
    """The oldest version that is spoken."""
    require_close_notify: Switch = True
    """Whether a server must say in TLS that it ends (close_notify). One that does not
    has cut its answer off: what came is delivered, and then the client is reset.
    `false` takes a bare FIN for an end like any other, for servers that never say more;
    then nobody can tell an answer that somebody on the way has cut off."""
    insecure_skip_verify: Switch = False
    """Believes any server, which is a hole that anybody on the way can use. It is
    warned of at every start."""


FrontTlsOrOff: TypeAlias = Annotated[
    FrontTls | None,
    BeforeValidator(partial(or_off, "{certificates: [{certificate: a.pem}]}")),
    Kind("a map or off", none="off"),
]
FarmTlsOrOff: TypeAlias = Annotated[
    FarmTls | None,
    BeforeValidator(partial(or_off, "{ca: ca.pem}")),
    Kind("a map or off", none="off"),
]
