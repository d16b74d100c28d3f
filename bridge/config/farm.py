"""
Where sessions go, as frozen values: a farm, its servers, and how it chooses.

``check`` has the keys of the check; what servers, sources and checks owe each other is
in ``farm_checks``.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic import StringConstraints as Text

from bridge.config.addresses import (
    ServerAddress,
    Where,
    server_address,
    some,
)
from bridge.config.check import Check
from bridge.config.farm_map import FarmMapOrOff
from bridge.config.profile import Name, Part
from bridge.config.scalars import (
    Bounds,
    Kind,
    Seconds,
    SecondsOrOff,
    Switch,
    Whole,
    WholeOrOff,
    show_seconds,
    shown,
    whole,
)
from bridge.config.secret_keys import PUBLIC, SecretKey
from bridge.config.send_proxy import SendProxyOrOff
from bridge.config.source import ClientSource, Pool, Source
from bridge.config.tls import FarmTlsOrOff

_MOST_WEIGHT = 1000
_TIMEOUT = Bounds(0.001, 365 * 24 * 3600.0, show_seconds)
_WHILE = Bounds(0.1, 24 * 3600.0, show_seconds)
_MOST = Bounds(1, 10_000_000)

# What the defaults are, as a file would have them.
_QUEUE = "{length: 1000, timeout: 10s}"
_CHECK = "{kind: tcp, interval: 2s, timeout: 1s, rise: 2, fall: 3}"
_EJECT = "{failures: 5, for: 30s}"


def _weight(value: object) -> int:
    number = whole(value)
    if number == 0:
        raise ValueError("0 is no share: write disabled: true for a server without one")
    if not 0 < number <= _MOST_WEIGHT:
        raise ValueError(f"{number} is no weight: write 1 to {_MOST_WEIGHT}")
    return number


def _or_off(example: str, value: object) -> object:
    """For a part that can be switched off; *example* is what else could be meant."""
    if value is False or value == "off":
        return None
    if isinstance(value, dict | Part):
        return value
    raise ValueError(f"{shown(value)} is neither off nor a map like {example}")


def _asked(check: Check | None) -> Check | None:
    return None if check is None or check.kind == "off" else check


_NO_SERVERS: tuple[Server, ...] = ()


def _servers(value: object) -> object:
    return value if value is _NO_SERVERS else some(value)


class Server(Part):
    """One server of a farm, or all that a name stands for."""

    address: ServerAddress
    """Where the server listens: an IP address and a port, or a name and a port,
    `web.farm.internal:80`, which is looked up again whenever its TTL has run out and
    may stand for several servers. `srv:_http._tcp.farm.internal` takes ports, weights
    and backups from the records (RFC 2782)."""
    name: Annotated[
        str,
        Text(pattern=r"^[\w.:%\[\]-]+$", max_length=270),  # as long as DNS makes one
        Kind("a name", none="its address"),
    ] = ""
    """What logs and commands call it. Default: its address."""
    weight: Annotated[
        int,
        BeforeValidator(_weight),
        Kind(f"a whole number, 1 to {_MOST_WEIGHT}"),
        WithJsonSchema({"type": "integer", "minimum": 1, "maximum": _MOST_WEIGHT}),
    ] = 1
    """Its share of new sessions, relative to the others'."""
    connections: Annotated[
        WholeOrOff, _MOST, Kind("a whole number or off", none="the farm's")
    ] = None
    """Sessions it takes at a time, over all workers; `off` sets no limit. Default: the
    farm's."""
    backup: Switch = False
    """Used only while every server that is no backup is out or full."""
    disabled: Switch = False
    """Gets no sessions and no checks until an operator makes it ready."""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        """A server may be written as its address alone, and is then called by it."""
        written = value if isinstance(value, dict) else {"address": value}
        address = written.get("address")
        if not isinstance(address, str | Where) or "name" in written:
            return written
        try:
            name = str(server_address(address))
        except ValueError:
            name = "-"  # the address has its own error
        return written | {"name": name}


class Queue(Part):
    """Where sessions wait while every server has all the `connections` it may have."""

    length: Annotated[Whole, Bounds(1, 1_000_000)] = 1000
    """How many may wait, in each worker. The next one is not taken in and ends at
    once."""
    timeout: Annotated[Seconds, _TIMEOUT] = 10.0
    """How long one may wait, within its front's `open` time; then it ends as
    `queue_timeout`."""


class Eject(Part):
    """Leaving out a server whose dials keep failing, between its checks."""

    failures: Annotated[Whole, Bounds(1, 10_000)] = 5
    """Dials in a row that must fail. One that is accepted begins the count anew."""
    duration: Annotated[Seconds, _WHILE] = Field(30.0, alias="for")
    """How long it is left out the first time; each time in a row is twice as long as
    the last, up to 10m or what is written here if that is more. The last server that
    takes sessions is never left out."""


class Farm(Part):
    """Where sessions go: servers that can stand in for each other."""

    profile: Name = "lan"
    """How the sockets towards servers are tuned: one of `profiles`, or built in."""
    connections: Annotated[WholeOrOff, _MOST] = None
    """Sessions each server takes at a time, over all workers, unless it has a limit of
    its own. Further ones go to other servers, and to the `queue` when all are full."""
    servers: Annotated[
        tuple[Server, ...], BeforeValidator(_servers), Kind("a list of servers")
    ]
    """The servers, each an address or a name with a port, or a map with the keys
    below. A farm has either these or a `map`."""
    balance: Literal[
        "round_robin", "least_connections", "two_choices", "first", "source_hash"
    ] = "round_robin"
    """Who gets the next session: the servers in turn (`round_robin`), the one with the
    fewest sessions (`least_connections`), the better of two drawn at random
    (`two_choices`), the first of the list that is up and has room (`first`), always the
    same one for one client address (`source_hash`, Maglev's table). All but `first` go
    by weights. Each worker goes by its own sessions."""
    hash_key: SecretKey = SecretStr(PUBLIC)
    """With `source_hash`: gateways with the same servers and the same key send a client
    to the same server. One of your own keeps clients from choosing addresses that all
    fall on one server."""
    queue: Annotated[
        Queue | None,
        BeforeValidator(partial(_or_off, _QUEUE)),
        Kind("a map or off", none="off", show=lambda queue: _QUEUE),
    ] = Queue()
    """Where sessions wait while every server is full, first come, first served. It
    matters only where servers have `connections`; with `off`, such sessions end at
    once."""
    connect_timeout: Annotated[Seconds, _TIMEOUT] = 3.0
    """How long one server may take to accept before the next is tried."""
    retries: Annotated[Whole, Bounds(0, 100)] = 2
    """How many more dials a session gets after its first failed, on other servers
    first, within the front's `open` time."""
    check: Annotated[
        Check | None,
        BeforeValidator(partial(_or_off, _CHECK)),
        AfterValidator(_asked),
        Kind("a map or off", none="off", show=lambda check: _CHECK),
    ] = Check()
    """Asking each server regularly whether it works; `off` asks nobody, like
    `{kind: off}`."""
    eject: Annotated[
        Eject | None,
        BeforeValidator(partial(_or_off, _EJECT)),
        Kind("a map or off", none="off", show=lambda eject: _EJECT),
    ] = Eject.model_validate({})
    """Leaving out a server whose dials keep failing; `off` tries it again and again
    until a check finds it down."""
    slow_start: Annotated[SecondsOrOff, _WHILE] = None
    """Gives a server that came back its share little by little over this time; `off`
    gives it all at once."""
    all_down: Literal["try", "refuse"] = "try"
    """What becomes of sessions when checks and failing dials leave no server: `try`
    dials the servers all the same, those first that were last found well, for a dial
    that may fail is better than none; `refuse` ends them as `no_server`. Servers that
    an operator has drained or disabled get none either way."""
    send_proxy: SendProxyOrOff = None
    """Tells servers in a PROXY header who the client is, before anything else; they
    must expect it. Checks send one too, on their own behalf (LOCAL)."""
    source: Source = ()
    """The address that servers see sessions come from. `auto` is the kernel's choice by
    route. Of several addresses the one with the fewest sessions to the server is taken:
    each adds some 28,000 ports for every server. `{pool: 100.64.0.0/10}` gives each
    client a stable address of its own, and `client` is the client's. Checks come from
    this host's own addresses in any case."""
    tls: FarmTlsOrOff = None
    """TLS towards servers."""
    map: FarmMapOrOff = None
    """A whole IPv4 network behind one IPv6 prefix, instead of `servers`: each address
    of the prefix leads to the server whose address is in it. A server is known from
    its first session on, and is checked from then on, if at all."""

    @property
    def own_sources(self) -> tuple[str, ...]:
        """The addresses of this host that sessions are told to come from."""
        source = self._some_source
        return source if isinstance(source, tuple) else ()

    @property
    def pool(self) -> Pool | None:
        """What gives clients their pseudonyms."""
        source = self._some_source
        return source if isinstance(source, Pool) else None

    @property
    def _some_source(self) -> tuple[str, ...] | Pool | None:
        """For all clients, or for those whose own address the servers cannot see."""
        source = self.source
        return source.otherwise if isinstance(source, ClientSource) else source

    @model_validator(mode="before")
    @classmethod
    def _mapped(cls, value: Any) -> Any:
        """A farm that is a map has no servers of its own."""
        if not isinstance(value, dict) or "servers" in value:
            return value
        is_map = value.get("map") not in (None, "off", False)
        return value | {"servers": _NO_SERVERS} if is_map else value

    @field_validator("servers")
    @classmethod
    def _limited(
        cls, servers: tuple[Server, ...], info: ValidationInfo
    ) -> tuple[Server, ...]:
        """Each with its own limit or the farm's, which for that stands before them."""
        most = {"connections": info.data.get("connections")}
        return tuple(
            server
            if "connections" in server.model_fields_set
            else server.model_copy(update=most)
            for server in servers
        )
