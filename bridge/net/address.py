"""
Where a socket listens or dials, and sets of networks, as values.  Touches no socket.

A host is always an IP literal in its canonical form; names are resolved elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias

from bridge.net.prefix_listen import PrefixListen
from bridge.net.prefixes import Network, Prefixes, number_of

MAX_RANGE = 1024
"""Ports one listen range may name: each is a descriptor of its own for good."""
WILDCARDS = ("::", "0.0.0.0")
"""Hosts that stand for every address of their family."""
MAX_UNIX_PATH = 107
"""Bytes of a socket's path: sun_path holds 108 with its NUL, unix(7)."""

# A dev_valid_name() of the kernel: 15 bytes, no slash, no colon, no space.
_SCOPE = re.compile(r"[^\s/:%\[\]]{1,15}")
_PORT = re.compile(
    r"[0-9]{1,5}"
)  # not int(): it takes "+80", "8_0" and other scripts' digits
_RANGE = re.compile(r"(?P<head>.*):(?P<first>[0-9]{1,5})-(?P<last>[0-9]{1,5})")
_MAPPED = IPv6Network("::ffff:0:0/96")  # RFC 4291 section 2.5.5.2


@dataclass(frozen=True, slots=True)
class Address:
    """An IP literal and a port.  Names are resolved elsewhere, or not at all."""

    host: str
    port: int
    scope: str = ""
    """The interface of a link-local address (RFC 4007); never told to a peer."""

    @classmethod
    def parse(cls, text: str) -> Address:
        """
        Read ``192.0.2.1:80``, ``[2001:db8::1]:80`` (RFC 3986 section 3.2.2) or
        ``[fe80::1%eth0]:80`` (RFC 4007 section 11.2).

        >>> str(Address.parse("[2001:DB8:0::1]:443"))
        '[2001:db8::1]:443'

        Raises ValueError, whose message quotes *text* and says what would be right.
        """
        scheme, slashes, rest = text.partition("://")
        if slashes:
            right = f"write {rest.partition('/')[0]}"
            raise ValueError(f"{text!r} is a URL: {right}, without {scheme}://")
        host, colon, port = text.rpartition(":")
        if host.startswith("[") and host.endswith("]"):
            return _address6(text, host[1:-1], _port(text, port))
        if text.startswith("[") and text.endswith("]"):
            raise ValueError(f"{text!r} has no port: write {text + ':80'!r}")
        if ":" in host:
            raise ValueError(f"{text!r}: {_advice(text, host, port)}")
        if not colon:
            right = f"{text}:80" if _is_ip4(text) else "ADDRESS:PORT"
            raise ValueError(f"{text!r} has no port: write {right}")
        return cls(_ip4(text, host), _port(text, port))

    @property
    def family(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.host else 4

    def __str__(self) -> str:
        if ":" not in self.host:
            return f"{self.host}:{self.port}"
        scope = f"%{self.scope}" if self.scope else ""
        return f"[{self.host}{scope}]:{self.port}"


@dataclass(frozen=True, slots=True)
class UnixPath:
    """A UNIX socket by its path in the file system."""

    path: str

    @classmethod
    def parse(cls, text: str) -> UnixPath:
        """Read ``unix:/run/x.sock``.  Raises ValueError, which quotes *text*."""
        path = text.removeprefix("unix:")
        if not path.startswith("/") or path.endswith("/") or "\0" in path:
            raise ValueError(
                f"{text!r}: after unix: comes a file's absolute path, "
                "like unix:/run/bridge/web.sock"
            )
        if len(path.encode("utf-8", "surrogateescape")) > MAX_UNIX_PATH:
            raise ValueError(
                f"{text!r}: the path is longer than {MAX_UNIX_PATH} bytes, "
                "all that a socket's name holds"
            )
        return cls(path)

    def __str__(self) -> str:
        return f"unix:{self.path}"


@dataclass(frozen=True, slots=True)
class SystemdName:
    """A socket that systemd opened, by its FileDescriptorName (sd_listen_fds(3))."""

    name: str

    @classmethod
    def parse(cls, text: str) -> SystemdName:
        """Read ``systemd:web``.  Raises ValueError, which quotes *text*."""
        name = text.removeprefix("systemd:")
        if not re.fullmatch(r"[!-9;-~]{1,255}", name):
            raise ValueError(
                f"{text!r}: after systemd: comes a FileDescriptorName, "
                "1 to 255 printable characters without colon, like systemd:web"
            )
        return cls(name)

    def __str__(self) -> str:
        return f"systemd:{self.name}"


Listen: TypeAlias = Address | UnixPath | SystemdName | PrefixListen


def ports_of(text: str) -> int:
    """
    How many listeners one entry of ``listen`` asks for, without making any.

    >>> ports_of("[::]:8000-8002"), ports_of("[::]:80")
    (3, 1)
    """
    span = _RANGE.fullmatch(text)
    count = int(span["last"]) - int(span["first"]) + 1 if span else 1
    return count if 0 < count <= MAX_RANGE else 1  # others are refused


def parse_listen(text: str) -> tuple[Listen, ...]:
    """
    What one entry of ``listen`` stands for: several addresses for a range of ports.

    Port 0 (the kernel picks) is allowed.  Raises ValueError, which quotes *text*.

    >>> [str(a) for a in parse_listen("[::]:8000-8002")]
    ['[::]:8000', '[::]:8001', '[::]:8002']
    """
    if text.startswith("unix:"):
        return (UnixPath.parse(text),)
    if text.startswith("systemd:"):
        return (SystemdName.parse(text),)
    span = _RANGE.fullmatch(text)
    if not span:
        return (_one(text),)
    first, last = int(span["first"]), int(span["last"])
    if not 0 < first <= last:
        raise ValueError(
            f"{text!r}: a range of ports runs from low to high, like 8000-8010"
        )
    if last - first >= MAX_RANGE:
        raise ValueError(f"{text!r}: a range holds at most {MAX_RANGE} ports")
    head = span["head"]
    start = _one(f"{head}:{first}")
    _one(f"{head}:{last}")  # for the port's sake
    return tuple(replace(start, port=port) for port in range(first, last + 1))


def _one(text: str) -> Address | PrefixListen:
    return PrefixListen.parse(text) or Address.parse(text)


@lru_cache(maxsize=1024)  # asked for once a connection, of the same clients
def canonical(host: str) -> str:
    """
    One spelling for one host: lower case, compressed, and IPv4 out of IPv6.

    A dual-stack listener reports an IPv4 client as ``::ffff:192.0.2.1``; compared
    as it stands, it is in no IPv4 network and passes every deny list.  A scope id
    is kept.  Raises ValueError for what is no IP literal.

    >>> canonical("::FFFF:192.0.2.1"), canonical("2001:DB8:0:0::1")
    ('192.0.2.1', '2001:db8::1')
    """
    ip = ip_address(host)
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return str(mapped or ip)


class Networks:
    """A set of networks, asked whether a host is in it.  Empty is false."""

    __slots__ = ("networks", "prefixes")

    def __init__(self, networks: Iterable[Network] = ()) -> None:
        self.networks = tuple(networks)
        self.prefixes = Prefixes(self.networks)
        """The same, ready to be looked up."""

    def contains(self, host: str | bytes) -> bool:
        """
        Whether *host*, an IP literal with or without scope id, or an address of 4 or 16
        bytes, is in a network.

        False for what is no literal, such as a UNIX peer's empty name: an allow
        list then shuts it out.
        """
        if not self.networks:
            return False
        try:
            number = number_of(ip_address(host))
        except ValueError:
            return False
        return self.prefixes.longest(number) is not None

    def __iter__(self) -> Iterator[Network]:
        return iter(self.networks)

    def __len__(self) -> int:
        return len(self.networks)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Networks) and self.networks == other.networks

    def __hash__(self) -> int:
        return hash(self.networks)

    def __repr__(self) -> str:
        return f"Networks({', '.join(map(str, self.networks))})"


def parse_network(text: str) -> Network:
    """
    Read ``192.0.2.0/24``, ``2001:db8::/32`` or a single address.

    Raises ValueError, which quotes *text*, also for bits set beyond the prefix and
    for IPv4-mapped networks: hosts are unmapped before they are compared, so such a
    network would never match.
    """
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(
            f"{text!r} is no network: write 192.0.2.0/24, 2001:db8::/32 or an address"
        ) from None
    if isinstance(network, IPv6Network):
        if "%" in text:
            raise ValueError(f"{text!r}: a network has no scope id: leave out %...")
        if network.subnet_of(_MAPPED):
            four = _mapped_network(network)
            raise ValueError(f"{text!r} is an IPv4 network in disguise: write {four}")
    address = text.partition("/")[0]
    if ip_address(address) != network.network_address:
        raise ValueError(
            f"{text!r} has bits set beyond its prefix: write {network}, "
            f"or {address} for the one host"
        )
    return network


def _mapped_network(network: IPv6Network) -> str:
    host = network.network_address.ipv4_mapped
    return f"{host}/{network.prefixlen - 96}"


def _port(text: str, port: str) -> int:
    if not _PORT.fullmatch(port):
        raise ValueError(f"{text!r}: {port!r} is no port, which is 1 to 65535")
    if int(port) > 65535:
        raise ValueError(f"{text!r}: port {port} is not in 1..65535")
    return int(port)


def _ip4(text: str, host: str) -> str:
    try:
        return str(IPv4Address(host))
    except ValueError:
        raise ValueError(
            f"{text!r}: {host!r} is no IP address; write 192.0.2.1:80 "
            "or [2001:db8::1]:80"
        ) from None


def _address6(text: str, inside: str, port: int) -> Address:
    host, percent, scope = inside.partition("%")
    try:
        ip = IPv6Address(host)
    except ValueError:
        if _is_ip4(inside):
            right = f"write {inside}:{port}"
            raise ValueError(f"{text!r}: brackets are for IPv6: {right}") from None
        raise ValueError(
            f"{text!r}: {inside!r} is no IPv6 address, like 2001:db8::1"
        ) from None
    if ip.ipv4_mapped:
        raise ValueError(f"{text!r} is IPv4: write {ip.ipv4_mapped}:{port}")
    if percent and not ip.is_link_local:
        raise ValueError(
            f"{text!r}: only a link-local address has a scope: write [{ip}]:{port}"
        )
    if ip.is_link_local and not _SCOPE.fullmatch(scope):
        raise ValueError(
            f"{text!r} is link-local and needs its interface: write [{ip}%eth0]:{port}"
        )
    return Address(str(ip), port, scope)


def _advice(text: str, host: str, port: str) -> str:
    """What to say of an IPv6 address without brackets."""
    if _is_ip6(host):
        return f"an IPv6 address stands in brackets: write [{host}]:{port}"
    if host == ":" and port:
        return f"an IPv6 address stands in brackets: write [::]:{port} for every one"
    if _is_ip6(text):
        return f"an IPv6 address stands in brackets, then its port: write [{text}]:80"
    return "write 192.0.2.1:80 or [2001:db8::1]:80"


def _is_ip4(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def _is_ip6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True
