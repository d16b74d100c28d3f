"""Sessions whose farm is a map: which server they get, by their socket or a header."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest

from bridge.farm.farm import Policy
from bridge.farm.mapped import Kind, Mapped
from bridge.farm.origin import Origin
from bridge.farm.rules import Rules
from bridge.farm.server import Server
from bridge.farm.sources import Sources
from bridge.net import tlv
from bridge.net.address import Address
from bridge.net.dial import Target
from bridge.net.mapping import Map, Refusal
from bridge.net.securities import FarmSecurities
from bridge.net.security import Security
from bridge.session.destination import SendProxy
from bridge.session.terms import Terms
from bridge.wire.proxy_header import read_header, write_header
from bridge.wire.proxy_value import ProxyHeader, UnixName
from tests.handshakes import FarmTls
from tests.secured import NAME, Far, accepting, authority
from tests.sessions import Running, server
from tests.test_identifying import LOOPBACK

PREFIX = IPv6Network("2001:db8:64::/96")
TO = IPv4Network("192.0.2.0/24")
SERVED, ITS_NAME = "2001:db8:64::192.0.2.77", "2001:db8:64::c000:24d"
CLIENT = Address("2001:db8:5::77", 4711)


class Behind:
    """Whatever is mapped is at *listening*; by TLS, if there is a *security* for it."""

    def __init__(
        self,
        listening: socket.socket,
        security: Callable[[str, int], Security] | None = None,
    ) -> None:
        self.made: list[tuple[str, int]] = []
        self.mapped: Mapped | None = None
        self._where = listening.getsockname()
        self._security = security

    def settle(self, terms: Terms) -> Terms:
        """The terms of a front that leads there, and believes its clients."""
        assert terms.destination is not None
        clock, origin = terms.house.pump.reactor, Origin(Sources(9))
        kind = Kind("farm", Policy(retries=0), Rules(), clock, origin, self._server)
        self.mapped = Mapped(Map(PREFIX, (), [TO], {443: 8443}), kind)
        to = replace(
            terms.destination,
            mapped=self.mapped,
            send_proxy=None if self._security else SendProxy(2),
            clear=self._security is None,
        )
        terms.admission.believe(LOOPBACK)
        return replace(terms, destination=to)

    def _server(self, where: tuple[str, int]) -> Server:
        self.made.append(where)
        security = self._security(*where) if self._security is not None else None
        target = Target(socket.AF_INET, self._where, (), security=security)
        return Server(str(Address(*where)), target)


def proving(folder: Path, *names: str) -> ssl.SSLContext:
    """A server's with a certificate for *names*."""
    files = authority().issue(*names).write(folder, "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    return context


@contextmanager
def running() -> Iterator[tuple[Running, socket.socket, Behind]]:
    with server() as listening:
        behind = Behind(listening)
        front = Running(settle=behind.settle)
        try:
            yield front, listening, behind
        finally:
            front.close()
            assert behind.mapped is not None
            behind.mapped.close()


def naming(host: str, port: int) -> bytes:
    """The header of a client that wants to go there."""
    source = CLIENT if ":" in host else Address("192.0.2.5", CLIENT.port)
    return write_header(ProxyHeader(source, Address(host, port)), 2)


@pytest.mark.parametrize("version", [1, 2])
def test_the_address_and_port_that_a_header_names_are_the_ones_mapped(
    version: int,
) -> None:
    header = ProxyHeader(CLIENT, Address(ITS_NAME, 443))
    with running() as (front, listening, behind):
        client = front.connect()
        client.sendall(write_header(header, 1 if version == 1 else 2) + b"hello")
        accepted = front.accept(listening)
        front.turner.settle()
        told = accepted.recv(100)
        said = read_header(told)
        assert said == header and told.endswith(b"hello")
        # That of version 2 goes on as it came, and was read all the same.
        assert front.session().ahead == (said.length if version == 2 else 0)
        assert behind.made == [("192.0.2.77", 8443)]
        client.close()
        accepted.close()
        record = front.record()
        assert record.server == "192.0.2.77:8443"
        assert record.sides is not None and record.sides.listen == (ITS_NAME, 443)


@pytest.mark.parametrize(
    ("host", "port", "why"),
    [
        ("2001:db8:64::c633:6401", 443, Refusal.NOT_ALLOWED),
        ("2001:db8:64::7f00:1", 443, Refusal.LOOPBACK),
        ("2001:db8:64::a9fe:a9fe", 443, Refusal.LINK_LOCAL),
        ("2001:db8:64::ffff:ffff", 443, Refusal.FUTURE),
        ("2001:db8:65::c000:24d", 443, Refusal.UNMAPPED),
        ("192.0.2.77", 443, Refusal.UNMAPPED),  # a server's own: no way around the map
        ("::ffff:192.0.2.77", 443, Refusal.UNMAPPED),
        (ITS_NAME, 80, Refusal.PORT),
        (ITS_NAME, 0, Refusal.PORT),
    ],
)
def test_what_a_header_names_is_refused_like_a_socket_s_own_address(
    host: str, port: int, why: Refusal
) -> None:
    with running() as (front, _, behind):
        front.connect().sendall(naming(host, port))
        record = front.record()
        assert (record.ending, record.reason) == ("denied", str(why))
        assert behind.mapped is not None
        assert behind.mapped.refused == {why: 1} and behind.made == []
        assert front.live.counters.refused == {"map": 1}


UNIX = ProxyHeader(UnixName(b""), UnixName(b"/run/web"))


@pytest.mark.parametrize(
    "header",
    [
        ProxyHeader(local=True),
        ProxyHeader(),
        ProxyHeader(tlvs=((tlv.AUTHORITY, b"web.test"),)),
        UNIX,
    ],
    ids=["LOCAL", "UNKNOWN", "UNKNOWN with fields", "UNIX"],
)
def test_a_header_that_names_no_ip_destination_leaves_the_socket_s(
    header: ProxyHeader,
) -> None:
    """Which is of loopback here, and so one that no map has."""
    with running() as (front, _, behind):
        asked: list[tuple[str, int]] = []
        assert behind.mapped is not None
        find = behind.mapped.find

        def noted(host: str, port: int) -> object:
            asked.append((host, port))
            return find(host, port)

        behind.mapped.find = noted  # type: ignore[method-assign, assignment]
        front.connect().sendall(write_header(header, 2))
        assert front.record().reason == str(Refusal.UNMAPPED)
        assert asked == [front.address]


# TLS on both sides


@pytest.mark.parametrize(
    ("certified", "identity", "why"),
    [
        ("192.0.2.77", None, ""),
        (NAME, NAME, ""),
        (NAME, None, f"is not for 192.0.2.77, it is for {NAME}; set tls.identity"),
        ("192.0.2.78", None, "is not for 192.0.2.77, it is for 192.0.2.78"),
        ("198.51.100.1", None, "is not for 192.0.2.77"),
        ("192.0.2.77", NAME, f"is not for {NAME}"),
    ],
)
def test_a_mapped_server_is_who_its_ipv4_address_or_the_identity_says(
    tmp_path: Path, certified: str, identity: str | None, why: str
) -> None:
    """TLS on both sides, behind a header; never by the address that was asked for."""
    ca = authority().write(tmp_path)
    securities = FarmSecurities("farm", FarmTls(identity, ca), lambda: 0.0)
    with server() as listening:
        behind = Behind(listening, securities.to)
        front = Running(front=accepting(), settle=behind.settle)
        raw = front.connect()
        raw.sendall(naming(ITS_NAME, 443))
        client = Far(raw)
        client.first = b"question"
        front.turner.until(lambda: client.has("never") or behind.made)
        front.turner.settle()
        accepted, _ = listening.accept()
        far = Far(accepted, server=True, context=proving(tmp_path, certified))
        if why:
            front.turner.until(lambda: far.has("never") or front.records)
            record = front.record()
            assert record.ending == "tls_failed" and why in record.reason
            assert record.server == "192.0.2.77:8443" and far.received == b""
        else:
            front.turner.until(lambda: far.got(b"question"))
            far.send(b"answer")
            front.turner.until(lambda: client.got(b"answer"))
        front.close()
        far.close()
        assert behind.mapped is not None
        behind.mapped.close()
