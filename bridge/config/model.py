"""
The configuration as frozen values; its field names are the file's keys.

The docstring below a field is its meaning in the reference, the JSON Schema and
``bridgectl explain``.  References between parts are checked in ``references``, which
sees all of them and where they stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema

from bridge.config.addresses import ListenList, listed
from bridge.config.admin import Admin
from bridge.config.farm import Farm
from bridge.config.ftp import Ftp
from bridge.config.http import Http
from bridge.config.log_target import log_target
from bridge.config.network_lists import Allowed, Listed, ListedNetworks
from bridge.config.own_filters import OwnFilters
from bridge.config.processes import Cpus, Workers
from bridge.config.profile import Name, Part, Profile, resolve
from bridge.config.rates import Bandwidths, FrontBandwidth, RateOrOff
from bridge.config.routes import Routes
from bridge.config.scalars import (
    Bounds,
    Kind,
    Seconds,
    SecondsOrOff,
    Switch,
    Whole,
    WholeOrAuto,
    WholeOrOff,
    show_seconds,
)
from bridge.config.tls import FrontTlsOrOff
from bridge.net.prefix_listen import TPROXY_PORT

_EVERY = Bounds(1.0, 365 * 24 * 3600.0, show_seconds)
_TIMEOUT = Bounds(0.001, 365 * 24 * 3600.0, show_seconds)
_DELAY = Bounds(0.0, 24 * 3600.0, show_seconds)
_CONNECTIONS = Bounds(1, 10_000_000)

Facility: TypeAlias = Literal[
    "user", "daemon",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
]  # fmt: skip


def _log_target(value: object, info: ValidationInfo) -> object:
    context: dict[str, Path] = info.context or {}
    return log_target(value, context.get("folder", Path()))


class SourcePrefix(Part):
    """How many bits of an address make one source."""

    ipv6: Annotated[Whole, Bounds(1, 128)] = 64
    """Of an IPv6 address: whoever has one has all of its /64 in most networks.
    Link-local addresses are a source each."""
    ipv4: Annotated[Whole, Bounds(1, 32)] = 32
    """Of an IPv4 address."""


class FrontLimits(Part):
    """What one front may be made to carry."""

    connections: Annotated[Whole, _CONNECTIONS] = 10000
    """Sessions at a time, over all workers. One more is accepted and closed at once,
    with the ending `limited`."""
    per_source: Annotated[WholeOrOff, _CONNECTIONS] = None
    """Sessions at a time from one source, over all workers. One more is reset, and ends
    as `limited`."""
    new_per_source: RateOrOff = None
    """New sessions from one source: `100/s`. So many may come at once; after a pause up
    to twice as many within that time. What is too much ends as `limited`. Each worker
    counts its own: with several, so many may come at each."""
    source_prefix: SourcePrefix = SourcePrefix()
    """How much of a client's address is one source."""
    bandwidth: FrontBandwidth = Bandwidths()
    """What may be moved in a second, in each direction: by each session (`10Mbit/s`),
    or by each and by all of the front together (`{session: 10Mbit/s, front:
    1Gbit/s}`). Bits are counted in thousands, bytes (`10MiB/s`) in 1024s. What is the
    front's together is each worker's: divide it by their number."""


class FrontTimeouts(Part):
    """How long a front's sessions may take over things."""

    open: Annotated[Seconds, _TIMEOUT] = 10.0
    """One absolute deadline, from accepting the client until the server is connected.
    Bytes that arrive do not extend it."""
    greeting: Annotated[Seconds, _TIMEOUT] = 3.0
    """With mode `sni` and a `default`: how long a client may say nothing at all before
    it is taken to the default, as one that waits for the server to speak first (SMTP,
    SSH, MySQL). One that has begun a ClientHello has until `open`."""
    idle: Annotated[SecondsOrOff, _TIMEOUT] = 3600.0
    """A session in which no byte moved for this long, in neither direction, ends as
    `idle`; `off` lets it last. A byte moves when it is received from one side, and when
    the other side has acknowledged it: who reads slowly is not idle. Only a session
    that has its server can be."""
    half_closed: Annotated[Seconds, _TIMEOUT] = 300.0
    """The same once one side has finished sending, counted anew from then on: the other
    may go on, but not fall silent for longer."""
    close: Annotated[Seconds, _TIMEOUT] = 10.0
    """When the session is over, or one side was cut off: how long a side that reads
    slowly may acknowledge nothing of the last bytes."""


class Front(Part):
    """Where clients come in."""

    listen: ListenList
    """Where to listen: `192.0.2.1:80`, `"[2001:db8::80]:443"`, a range of ports
    `"[::]:8000-8010"`, a link-local address with its interface `"[fe80::1%eth0]:25"`,
    all of a prefix `"[2001:db8:64::/96]:443"`, with all ports `"[2001:db8:64::/96]:*"`
    (both need `bridgectl setup`), `unix:/run/x.sock`, or `systemd:web` for a socket
    that systemd passes by that name. One, or a list. Quote what begins with a bracket.
    Port 0 lets the kernel pick."""
    tproxy_port: Annotated[Whole, Bounds(1, 65535)] = TPROXY_PORT
    """With all ports of a prefix: the port of ::1 to which `bridgectl setup` has the
    kernel divert them (TPROXY). Each front that listens so needs one of its own."""
    dual_stack: Switch = False
    """Lets `"[::]:P"` take IPv4 clients as well (IPV6_V6ONLY off)."""
    transparent: Switch = False
    """Accepts for addresses that are not this host's (IP_TRANSPARENT, IP_FREEBIND): for
    policy routing, and for addresses that come later."""
    profile: Name = "wan"
    """How the sockets towards clients are tuned: one of `profiles`, or built in."""
    to: Routes
    """The farm that serves this front. With mode `sni` a map of names to farms: a name
    (`www.example.org`), all names one label below another (`"*.example.org"`) or any
    (`"*"`), of which the most exact one counts; and `default`, for clients that ask for
    no name, for none of these, or speak no TLS. Without `default` those are reset. Mode
    `http` takes such a map, too, or one farm: there the name is the host of each
    request, without its port. `"*"` is any host then, an address as well, and `default`
    is also for requests that name none (of HTTP/1.0); without it they get 421."""
    mode: Literal["stream", "sni", "http", "ftp"] = "stream"
    """What is understood of the bytes: `stream` passes them on as they are; `sni` does
    too, once it has read in a TLS client's first message whom it asks for, which
    decrypts nothing and needs no certificate. `http` reads HTTP/1.0 and 1.1, each
    request for itself; `ftp` translates for IPv6 clients of IPv4 servers (RFC 6384)."""
    accept_proxy: Listed = ListedNetworks()
    """Networks, and files of them as in `allow`, whose connections must begin with a
    PROXY header (version 1 or 2, within `open`); of anybody else one is not believed,
    and passed on like other bytes. The client is then who the header says: for `allow`,
    `deny`, the limits, `source_hash`, pseudonyms, headers to servers and the log; and a
    `map` leads by the destination that it names. The sender itself need not be in
    `allow`, nor when it speaks for itself (LOCAL: it checks the front)."""
    filters: OwnFilters = ()
    """Classes of your own that read or change the bytes, behind the mode's, in this
    order for what clients send and in the other for what servers send. Modules are
    looked for where Python does, PYTHONPATH included, and at last in the folder of the
    configuration file. `docs/l7.md` says how one is written."""
    http: Http = Http()
    """What mode `http` does with requests and answers."""
    ftp: Ftp = Ftp()
    """Which ports mode `ftp` opens for data."""
    allow: Allowed = ListedNetworks()
    """Networks whose clients may connect; empty means all. `"@file"` stands for the
    networks in a file, one a line, with comments behind `#`; a relative path begins in
    the folder of the configuration file, and HUP reads it again. Clients that a
    dual-stack front reports as `::ffff:a.b.c.d` count as IPv4."""
    deny: Listed = ListedNetworks()
    """Networks whose clients may not, and files of them; it wins over `allow`. A
    refused session is reset and ends as `denied`."""
    limits: FrontLimits = FrontLimits()
    """What this front may be made to carry."""
    timeouts: FrontTimeouts = FrontTimeouts()
    """How long its sessions may take over things."""
    tls: FrontTlsOrOff = None
    """TLS towards clients."""

    @property
    def farms(self) -> tuple[str, ...]:
        """The farms that its sessions may go to, each once."""
        return tuple(dict.fromkeys(self.to.values()))


class Log(Part):
    """What is told, and where."""

    access: Annotated[
        str | None,
        BeforeValidator(_log_target),
        Kind(
            '"-", off, a file\'s path or a syslog daemon',
            none="off",
            show=lambda text: f'"{text}"',
        ),
        WithJsonSchema({"type": "string"}),
    ] = "-"
    """Where the access log goes, one line at every session's end: `"-"` is standard
    output, or for a daemon, which has none, the file of its own log. A relative path
    begins in the folder of the configuration file. `syslog:/dev/log` is the syslog
    daemon of this host, `syslog:192.0.2.1:514` one elsewhere, by UDP (RFC 5424)."""
    access_facility: Facility = "local0"
    """To a syslog daemon: the facility that its rules tell these lines by."""
    access_syslog: Literal["rfc5424", "rfc3164"] = "rfc5424"
    """To a syslog daemon: the form of a message. `rfc3164` is the older one, which
    syslog(3) has, and which systemd, and rsyslog unless it is told otherwise,
    understand at `/dev/log`."""
    access_format: Literal["text", "json"] = "text"
    """`text` follows the field order of HAProxy's TCP log, and in mode `http` that of
    its HTTP log, one line a request; `json` is one object a line, for each request and
    each session. Times are UTC in both. `docs/log.md` has every field."""
    access_prefix: Literal["none", "syslog"] = "none"
    """What comes before a line of text: with `syslog` what a syslog daemon would write
    there, date, host and `haproxy[PID]:`, which `halog` wants to see. To a syslog
    daemon, which writes it by itself, the gateway is called `haproxy` then."""
    access_fields: Literal["haproxy", "all"] = "haproxy"
    """The fields of a line of text: HAProxy's, or `all`: after them the reason, the
    session's name, the bytes lost, the ending and the name that the client asked for.
    `all` costs some system calls a session."""
    level: Literal["debug", "info", "warn", "error"] = "info"
    """The least important message that the gateway's own log still tells."""
    format: Literal["text", "json"] = "text"
    """How the gateway's own log is written: as lines for people, or as one object a
    line, with the fields that `docs/log.md` has. Under systemd the journal is given the
    fields in both cases."""
    every: Annotated[SecondsOrOff, _EVERY] = None
    """How often a long session is told of before its end: a line in the access log,
    which says that it is none of an end. `off`: only its end is. In mode `http` only
    `json` has such lines."""


class GlobalLimits(Part):
    """What the gateway may be made to carry."""

    connections: Annotated[WholeOrAuto, _CONNECTIONS] = None
    """Sessions of all fronts at a time, over all workers; `auto` is what the limit of
    open files carries, less a reserve, in each worker. It carries two a session,
    besides one for each listener and check and 64 for the rest; a higher number here is
    taken for that, and warned of."""


class DrainTimeouts(Part):
    """How the gateway stops."""

    drain_delay: Annotated[Seconds, _DELAY] = 0.0
    """How long the fronts still accept after TERM or INT."""
    drain_timeout: Annotated[Seconds, _DELAY] = 30.0
    """How long running sessions may then take to finish; the rest are reset and end as
    `drained`."""


class Config(Part):
    """A whole configuration, validated: every name in it is defined."""

    include: Annotated[
        tuple[str, ...], BeforeValidator(listed), Kind("a list of file patterns")
    ] = ()
    """More files, as patterns relative to this one and not outside its folder. Each may
    hold `fronts`, `farms` and `profiles`, which are added to those here; a name defined
    twice is an error. Patterns are read in order, the files of one in the order of
    their names; a pattern without wildcard must find its file."""
    profiles: Mapping[Name, Profile] = {}
    """How one side's sockets are tuned, by names of your choice. Built in are `wan`,
    `lan` and `jumbo`."""
    fronts: Annotated[Mapping[Name, Front], Field(min_length=1)]
    """Where clients come in, by names of your choice."""
    farms: Annotated[Mapping[Name, Farm], Field(min_length=1)]
    """Where sessions go, by names of your choice."""
    admin: Admin = Admin()
    """How the running gateway is watched and changed."""
    log: Log = Log()
    """What is told, and where."""
    workers: Workers = 1
    """How many processes share the work, each for one core; `auto` is one for each
    processor that the gateway may run on. With more than one the process that was
    started relays nothing: it has the sockets, the checks and the names, and starts a
    worker again that has died. A limit holds over all workers where it says nothing
    else."""
    cpus: Cpus = None
    """Which processor each worker runs on, by number, in the order of the workers;
    `auto` leaves that to the kernel."""
    limits: GlobalLimits = GlobalLimits()
    """What the gateway may be made to carry."""
    timeouts: DrainTimeouts = DrainTimeouts()
    """How the gateway stops."""

    def profile(self, name: str) -> Profile:
        """The profile *name*, every key filled in along its ``base``."""
        return self._resolved[name]

    @cached_property
    def _resolved(self) -> Mapping[str, Profile]:
        return resolve(self.profiles)
