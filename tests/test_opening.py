"""What follows from whom a client asks for, however untidily, on real sockets."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from OpenSSL import SSL

from bridge.net.securities import FrontSecurities
from bridge.session.attempt import Attempt
from bridge.session.destination import Destination, Routes
from bridge.session.flow import State
from bridge.session.greeting import Greeting
from bridge.session.opening import (
    DECODE_ERROR,
    UNRECOGNIZED_NAME,
    Opening,
    Reading,
    Securing,
)
from bridge.session.terms import Terms
from bridge.watch.record import Record
from tests.authority import Authority
from tests.handshakes import Entry, FrontTls, client, dialed, first_words
from tests.hellos import body, hello, message, records, server_name, vector
from tests.sessions import TIMEOUTS, Running, reset, server
from tests.uncollected import uncollected

AUTHORITY = Authority()
A = AUTHORITY.issue("a.example", common="a")
W = AUTHORITY.issue("*.w.example", common="w")
NOW = A.certificate.not_valid_before_utc.timestamp() + 1

LONG = b".".join([b"a" * 49] * 5)
UNTIDY = [
    (b"a.example", "a"),
    (b"A.EXAMPLE.", "a"),
    (b"x.w.example", "w"),
    (b"x.w.example.", "w"),
    (b"foo-.w.example", "w"),
    (b"_x.w.example", "w"),
    (b"-.w.example", "w"),
    (b"a.example..", None),
    (b"x.w.example:443", None),
    (b"x..w.example", None),
    (b"..", None),
    ("b\u00fccher.example".encode(), None),
    (b"192.0.2.1", None),
    (b"2001:db8::1", None),
    (b"a b\x1b.w.example", None),
    (LONG + b".abcd", None),
    (b"", None),
]
"""Names as asked for, and the certificate that has them."""


def secured(
    folder: Path, terms: Terms, strict: bool = False, lone: bool = False
) -> Terms:
    """Two certificates, or a *lone* one for every name here."""
    issued = [AUTHORITY.issue("a.example", "*.w.example")] if lone else [A, W]
    files = [each.write(folder, str(n)) for n, each in enumerate(issued)]
    settings = FrontTls([*map(Entry.of, files)], strict_sni=strict)
    made = FrontSecurities("front", settings, lambda: NOW)
    return replace(terms, security=made.only, securities=made)


Make = Callable[[Callable[[Terms], Terms]], Running]


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with server() as made:
        yield made


@pytest.fixture
def make(listening: socket.socket) -> Iterator[Make]:
    made: list[Running] = []

    def make(settle: Callable[[Terms], Terms]) -> Running:
        made.append(Running(listening.getsockname(), settle=settle))
        return made[-1]

    yield make
    for running in made:
        running.close()


def answer(running: Running, words: bytes) -> bytes:
    """What comes back of *words*, until the end or until a server has said hello."""
    sock = running.connect()
    sock.setblocking(False)
    sock.sendall(words)
    got = bytearray()

    def answered() -> bool:
        try:
            data = sock.recv(65536)
        except BlockingIOError:
            return False
        got.extend(data)
        return not data or len(got) > 100

    running.turner.until(answered)  # which raises of a reset
    return bytes(got)


def shown(running: Running, name: bytes) -> str:
    """Whose certificate a client gets that asks for *name*, or what it is told."""
    ours = dialed(client())
    if name:
        ours.set_tlsext_host_name(name)
    ours.bio_write(answer(running, first_words(ours)))
    try:
        ours.do_handshake()
    except SSL.Error as error:
        return str(error.args[0][0][-1])
    certificate = ours.get_peer_certificate(as_cryptography=True)
    assert certificate is not None
    return certificate.subject.rfc4514_string().removeprefix("CN=")


# Certificates


@pytest.mark.parametrize(("name", "whose"), UNTIDY)
def test_an_untidy_name_gets_its_certificate_or_the_first_and_never_a_reset(
    make: Make, tmp_path: Path, name: bytes, whose: str | None
) -> None:
    assert shown(make(partial(secured, tmp_path)), name) == (whose or "a")


@pytest.mark.parametrize(("name", "whose"), UNTIDY)
@pytest.mark.parametrize("lone", [False, True])
def test_strict_sni_has_an_alert_for_an_untidy_name_and_its_record_the_name(
    make: Make, tmp_path: Path, name: bytes, whose: str | None, lone: bool
) -> None:
    running = make(partial(secured, tmp_path, strict=True, lone=lone))
    told = shown(running, name)
    if whose is not None:
        assert told == ("test" if lone else whose)
        return
    assert "unrecognized name" in told
    record = running.record()
    assert record.ending == "tls_failed"
    named = (
        name.decode("latin-1").encode("unicode_escape").decode().replace(" ", r"\x20")
    )
    assert record.reason == f"no certificate for {named or 'who asks for no name'}"


@pytest.mark.parametrize("lone", [False, True])
def test_a_name_that_openssl_itself_refuses_gets_its_alert(
    make: Make, tmp_path: Path, lone: bool
) -> None:
    """Longer than 255, or with a NUL."""
    for name in (LONG + b".abcdefg", b"a.example\0"):
        words = hello(server_name(name))
        told = answer(make(partial(secured, tmp_path, lone=lone)), words)
        assert told == UNRECOGNIZED_NAME


BROKEN = [
    hello((0, b"")),
    hello(server_name(b"a.example", kind=1)),
    hello((0, vector(2, 2 * server_name(b"a.example")[1][2:]))),
    hello(server_name(b"a.example"), server_name(b"b.example")),
    hello((16, b"\0\3\x09h2")),
    records(message(body([]) + b"x")),
    records(b"\x02\0\0\0"),
]


@pytest.mark.parametrize("words", BROKEN)
def test_a_broken_hello_is_refused_with_an_alert_by_one_certificate_as_by_two(
    make: Make, tmp_path: Path, words: bytes
) -> None:
    told = [
        answer(make(partial(secured, tmp_path, lone=lone)), words)
        for lone in (True, False)
    ]
    assert told[0] == told[1] != b""
    strict = make(partial(secured, tmp_path, strict=True))
    assert answer(strict, words) == DECODE_ERROR
    assert strict.record().ending == "tls_failed"


@pytest.mark.parametrize("strict", [False, True])
def test_what_is_no_tls_ends_with_a_fin_whatever_follows_it(
    make: Make, tmp_path: Path, strict: bool
) -> None:
    """Bytes that nobody has read would make a reset of it."""
    running = make(partial(secured, tmp_path, strict=strict))
    answer(running, b"GET / HTTP/1.1\r\n" + b"x" * 30000)
    assert running.record().ending == "tls_failed"


@pytest.mark.parametrize("lone", [False, True])
def test_the_record_has_the_name_when_the_handshake_fails(
    make: Make, tmp_path: Path, lone: bool
) -> None:
    running = make(partial(secured, tmp_path, lone=lone))
    ours = dialed(client(AUTHORITY.write(tmp_path).with_name("0.pem")), "")
    ours.set_tlsext_host_name(b"X.w.example:1")
    sock = running.connect()
    sock.sendall(first_words(ours))
    sock.setblocking(False)
    got = bytearray()

    def heard() -> bool:
        try:
            got.extend(sock.recv(65536))
        except BlockingIOError:
            pass
        return len(got) > 500

    running.turner.until(heard)
    ours.bio_write(bytes(got))
    with pytest.raises(SSL.Error):
        while True:
            ours.do_handshake()
    sock.sendall(ours.bio_read(65536))
    record = running.record()
    assert record.reason == "the client says: unknown ca"
    assert record.asked == "X.w.example:1"


# Farms


def routed(terms: Terms, *, default: bool = True) -> Terms:
    assert terms.destination is not None
    farm = terms.destination.farm
    named = {name: Destination(farm, 3) for name in ("a.example", "*.w.example")}
    routes = Routes(named, Destination(farm, 3) if default else None)
    return replace(terms, destination=None, routes=routes)


def route_of(running: Running, words: bytes) -> tuple[str, str, Record | None]:
    """The pattern that *words* lead to, whom they ask for, and the record if any."""
    terms = running.terms
    assert terms.routes is not None
    sock = running.connect()
    session = running.session()
    sock.sendall(words)
    running.turner.until(lambda: running.records or session.destination)
    patterns = {id(terms.routes.default): "default"}
    for name in ("a.example", "x.w.example"):
        patterns[id(terms.routes.find(name))] = name
    record = running.records[0] if running.records else None
    return patterns.get(id(session.destination), ""), session.asked, record


@pytest.mark.parametrize(("name", "whose"), UNTIDY)
def test_an_untidy_name_leads_to_its_farm_or_to_the_default(
    make: Make, name: bytes, whose: str | None
) -> None:
    where, asked, _ = route_of(make(routed), hello(server_name(name)))
    assert where == {"a": "a.example", "w": "x.w.example", None: "default"}[whose]
    assert asked.isascii() and bool(asked) == bool(name)


def test_without_a_default_it_is_refused_and_the_record_has_the_name(
    make: Make,
) -> None:
    running = make(partial(routed, default=False))
    _, asked, record = route_of(running, hello(server_name(b"A.example:443")))
    assert asked == "A.example:443" and record is not None
    assert record.ending == "bad_header"
    assert record.reason == "no farm for A.example:443"


# The silent


@pytest.fixture
def silent(make: Make) -> Running:
    return make(routed)


def test_a_client_that_waits_for_the_server_is_taken_to_the_default(
    silent: Running, listening: socket.socket
) -> None:
    """SMTP, SSH, MySQL: the server speaks first."""
    sock = silent.connect()
    session = silent.session()
    silent.advance(TIMEOUTS.greeting - 0.1)
    assert session.state is State.READING
    silent.advance(0.2)
    accepted = silent.accept(listening)
    accepted.sendall(b"220 hello\r\n")
    silent.turner.settle()
    assert sock.recv(100) == b"220 hello\r\n"
    sock.sendall(b"EHLO me\r\n")
    silent.turner.settle()
    assert accepted.recv(100) == b"EHLO me\r\n"
    accepted.close()
    sock.close()
    assert silent.record().ending == "done"


def test_who_has_begun_a_hello_has_until_open(silent: Running) -> None:
    silent.connect().sendall(hello(server_name(b"a.example"))[:20])
    session = silent.session()
    silent.advance(TIMEOUTS.greeting + 1)
    assert session.state is State.READING
    silent.advance(TIMEOUTS.open)
    record = silent.record()
    assert (record.ending, record.reason) == ("bad_header", "open deadline")


def test_a_hello_that_comes_late_still_leads_to_its_farm(silent: Running) -> None:
    sock = silent.connect()
    session = silent.session()
    silent.advance(TIMEOUTS.greeting - 0.1)
    sock.sendall(hello(server_name(b"a.example")))
    silent.turner.until(lambda: session.destination)
    assert silent.terms.routes is not None
    assert session.destination is silent.terms.routes.find("a.example")
    assert not silent.live.greeting
    silent.advance(1)
    assert session.destination is silent.terms.routes.find("a.example")


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
def test_who_leaves_without_a_word_leaves_nothing(
    silent: Running, leave: Callable[[socket.socket], None]
) -> None:
    sock = silent.connect()
    silent.session()
    leave(sock)
    silent.turner.settle()
    assert not silent.live.greeting
    silent.advance(TIMEOUTS.greeting + 1)


def test_without_a_default_the_silent_wait_for_open_alone(make: Make) -> None:
    running = make(partial(routed, default=False))
    running.connect()
    session = running.session()
    assert not running.live.greeting
    running.advance(TIMEOUTS.open - 1)
    assert session.state is State.READING
    running.advance(2)
    assert running.record().ending == "bad_header"


# What it leaves behind


def test_nothing_of_an_opening_is_left_once_there_is_a_server(
    make: Make, listening: socket.socket
) -> None:
    """Nor anything for the collector to find."""
    running = make(routed)
    with uncollected(Opening, Reading, Securing, Greeting, Attempt) as left:
        running.connect().sendall(hello(server_name(b"a.example")))
        running.accept(listening)
        session = running.session()
        running.turner.until(lambda: session.state is State.OPEN)
        assert left() == []


@pytest.mark.parametrize("lone", [False, True])
def test_nothing_of_a_refused_opening_is_left(
    make: Make, tmp_path: Path, lone: bool
) -> None:
    running = make(partial(secured, tmp_path, lone=lone))
    with uncollected(Opening, Reading, Securing, Greeting) as left:
        answer(running, b"GET / HTTP/1.1\r\n")
        assert running.record().ending == "tls_failed"
        assert left() == []


def test_a_client_that_was_reset_before_anybody_looked_was_reset(
    make: Make, tmp_path: Path
) -> None:
    """Whoever looks is told of it, and nobody is after that."""
    for settle, ending in (
        (routed, "front_reset"),
        (partial(secured, tmp_path), "tls_failed"),
    ):
        running = make(settle)
        reset(running.connect())
        record = running.record()
        assert (record.ending, record.reason) == (ending, "Connection reset by peer")
