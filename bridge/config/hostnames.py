"""
Servers by name, as values: a host with a port, or a service whose records give both.

Only how they are written, and not how a name is spelt (``net.names``); what they stand
for is looked up while the gateway runs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bridge.net.names import SERVERS, hostname

_SERVICE = re.compile(r"_[a-z0-9-]+\._[a-z]+\..+")
_PORT = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class HostName:
    """A name with addresses (A, AAAA records), and the port that they all have."""

    host: str
    """In lower case and without a dot at its end: names are always whole."""
    port: int

    @classmethod
    def parse(cls, text: str) -> HostName:
        """
        Read ``web.farm.internal:80``.  Raises ValueError, which quotes *text*.

        >>> HostName.parse("Web.Farm.Internal.:80")
        HostName(host='web.farm.internal', port=80)
        """
        host, colon, port = text.partition(":")
        if not colon:
            raise ValueError(f"{text!r} has no port: write {text}:80")
        if not _PORT.fullmatch(port) or not 0 < int(port) < 65536:
            raise ValueError(f"{text!r}: {port!r} is no port, which is 1 to 65535")
        return cls(hostname(host, SERVERS, text), int(port))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class ServiceName:
    """A service whose SRV records name servers, ports and shares (RFC 2782)."""

    name: str
    """``_http._tcp.farm.internal``"""

    @classmethod
    def parse(cls, text: str) -> ServiceName:
        """
        Read ``srv:_http._tcp.farm.internal``.  Raises ValueError, which quotes *text*.
        """
        name, colon, _ = text.removeprefix("srv:").partition(":")
        if colon:
            raise ValueError(f"{text!r}: the records give the ports: write srv:{name}")
        domain = hostname(name, SERVERS, text)
        if not _SERVICE.fullmatch(domain):
            raise ValueError(
                f"{text!r}: after srv: comes a service, like _http._tcp.farm.internal"
            )
        if domain.split(".")[1] != "_tcp":
            raise ValueError(f"{text!r} is no service over TCP, which is all we carry")
        return cls(domain)

    def __str__(self) -> str:
        return f"srv:{self.name}"


def is_meant(text: str) -> bool:
    """
    Whether *text* can only be meant as a name, and not as an address with a slip.

    The last label of a name begins with a letter (RFC 3696 section 2), and the colon
    before the port is the only one.

    >>> is_meant("db:5432"), is_meant("192.0.2.1O:80"), is_meant("fe80::a:80")
    (True, False, False)
    """
    host, _, port = text.partition(":")
    last = host.removesuffix(".").rpartition(".")[2]
    return last[:1].isalpha() and ":" not in port and not set(host) & set("[]/%")
