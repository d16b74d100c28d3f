"""A ClientHello is read whole, in pieces, split over records, or refused by name."""

from __future__ import annotations

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import SSL

from bridge.wire.client_hello import (
    MAX_BYTES,
    MAX_HELLO,
    ClientHello,
    HelloError,
    HelloReader,
)
from tests.hellos import (
    GREASE,
    body,
    hello,
    message,
    of_program,
    of_python,
    protocols,
    records,
    server_name,
    vector,
    versions,
)

NAME = server_name(b"www.Example.org")
LONGEST = ".".join(["a" * 49] * 5) + ".abc"
FULL = hello(NAME, protocols(b"h2", b"http/1.1"), versions(0x0304, 0x0303))
READ = ClientHello(
    "www.example.org", (b"h2", b"http/1.1"), (0x0304, 0x0303), "www.Example.org"
)

hellos = st.builds(
    lambda name, alpn, others, padding: message(
        body([*others, server_name(name), protocols(*alpn), (21, b"\0" * padding)])
    ),
    st.sampled_from([b"a.example", b"x", b"xn--bcher-kva.example"]),
    st.lists(st.binary(min_size=1, max_size=12), min_size=1, max_size=4),
    st.lists(
        st.tuples(st.integers(50, 0xFFFF), st.binary(max_size=40)),
        max_size=8,
        unique_by=lambda extension: extension[0],
    ),
    st.integers(0, 2000),
)


def in_pieces(data: bytes, size: int) -> ClientHello | None:
    reader = HelloReader()
    for at in range(0, len(data), size):
        found = reader.feed(data[at : at + size])
        if found is not None:
            assert at + size >= len(data), "it was complete before it ended"
            return found
    return None


# What is read


def test_name_protocols_and_versions_are_read() -> None:
    assert ClientHello.parse(FULL) == READ


def test_what_follows_a_hello_is_passed_over() -> None:
    assert ClientHello.parse(FULL + b"GET / HTTP/1.1\r\n" * 4000) == READ


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64, 1220])
def test_a_hello_is_read_in_pieces_of_any_size(size: int) -> None:
    assert in_pieces(FULL, size) == READ


def test_every_prefix_says_that_more_is_needed() -> None:
    assert [ClientHello.parse(FULL[:end]) for end in range(len(FULL))].count(None) == (
        len(FULL)
    )


def test_a_hello_is_read_from_records_of_one_byte_each() -> None:
    content = message(body([NAME]))
    split = records(content, range(len(content)))
    assert in_pieces(split, 1) == ClientHello.parse(hello(NAME))


@given(hellos, st.data())
def test_a_hello_is_the_same_however_it_is_split(
    content: bytes, data: st.DataObject
) -> None:
    whole = ClientHello.parse(records(content))
    cuts = data.draw(st.lists(st.integers(1, len(content) - 1), max_size=9))
    split = records(content, cuts)
    assert whole is not None
    assert ClientHello.parse(split) == whole
    assert in_pieces(split, data.draw(st.integers(1, 1500))) == whole
    end = data.draw(st.integers(0, len(split) - 1))
    assert ClientHello.parse(split[:end]) is None


@given(st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=9))
def test_protocols_come_back_as_they_were_written(names: list[bytes]) -> None:
    found = ClientHello.parse(hello(protocols(*names)))
    meant = [n for n in names if len(n) != 2 or n[0] != n[1] or n[0] & 15 != 10]
    assert found is not None and list(found.protocols) == meant


def test_a_hello_of_2006_has_no_extensions() -> None:
    found = ClientHello.parse(records(message(body(None, 0x0301))))
    assert found == ClientHello(None, (), (0x0301,))


def test_values_that_mean_nothing_are_left_out() -> None:
    greased = [(kind, b"") for kind in GREASE]
    odd = [protocols(b"\x0a\x0a", b"h2"), versions(0xDADA, 0x0304)]
    found = ClientHello.parse(hello(*greased, *odd, NAME))
    assert found == ClientHello(
        "www.example.org", (b"h2",), (0x0304,), "www.Example.org"
    )


def test_an_encrypted_hello_has_its_outer_name() -> None:
    found = ClientHello.parse(hello((0xFE0D, b"\0" * 186), NAME))
    assert found is not None and found.server_name == "www.example.org"


@pytest.mark.parametrize(
    ("written", "name", "asked"),
    [
        (b"a.example.", "a.example", "a.example."),
        (b"A.Example", "a.example", "A.Example"),
        (b"foo-.w.example", "foo-.w.example", "foo-.w.example"),
        (b"-_-.w.example", "-_-.w.example", "-_-.w.example"),
        (b"xn--999999.w.example", "xn--999999.w.example", "xn--999999.w.example"),
        (b"a.example..", None, "a.example.."),
        (b".", None, "."),
        (b".a.example", None, ".a.example"),
        (b"a..example", None, "a..example"),
        (b"a.example:443", None, "a.example:443"),
        (b"", None, ""),
        (b"192.0.2.1", None, "192.0.2.1"),
        (b"192.0.2.1.", None, "192.0.2.1."),
        (b"2001:db8::1", None, "2001:db8::1"),
        (b"[::1]:443", None, "[::1]:443"),
        (b"a b.example", None, r"a\x20b.example"),
        (b"a.example\0.b", None, r"a.example\x00.b"),
        (b"\x1b[31mred", None, r"\x1b[31mred"),
        (b'a"b.example', 'a"b.example', r"a\x22b.example"),
        ("bücher.example".encode(), None, r"b\xc3\xbccher.example"),
        (b"a" * 64 + b".example", None, "a" * 64 + ".example"),
        (LONGEST.encode() + b".", LONGEST, LONGEST + "."),
        (LONGEST.encode() + b"d", None, LONGEST + "d"),
        (b"a" * 9000, None, "a" * 255),
        (b"\0" * 300, None, (r"\x00" * 64)[:255]),
    ],
)  # fmt: skip
def test_an_untidy_name_is_no_fault_and_told_as_it_was_asked_for(
    written: bytes, name: str | None, asked: str
) -> None:
    found = ClientHello.parse(hello(server_name(written)))
    assert found is not None
    assert (found.server_name, found.asked) == (name, asked)


@given(st.binary(max_size=400))
def test_whatever_is_asked_for_is_told_in_printable_ascii(written: bytes) -> None:
    found = ClientHello.parse(hello(server_name(written)))
    assert found is not None and len(found.asked) <= 255
    assert found.asked.isascii() and found.asked.isprintable()
    assert not set(found.asked) & set(' "')


def test_the_name_may_stand_in_the_second_segment() -> None:
    """As in today's hellos, whose key share of 1,216 bytes may come first."""
    big = hello((51, b"k" * 1216), NAME)
    reader = HelloReader()
    assert len(big) > 1220
    assert reader.feed(big[:1220]) is None
    found = reader.feed(big[1220:])
    assert found is not None and found.server_name == "www.example.org"


# What is refused


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"GET / HTTP/1.1\r\n", "not TLS: a byte 0x47"),
        (b"G", "not TLS: a byte 0x47"),
        (b"\x80\x2e\x01\x03\x01", "not TLS: a byte 0x80"),  # SSL 2
        (b"\x15\x03\x01\x00\x02\x02\x28", "not TLS: a byte 0x15"),  # an alert
        (b"\x16\x02", "not TLS: a record of version 2.x"),
        (b"\x16\x03\x01\x00\x00", "a handshake record of 0 bytes"),
        (b"\x16\x03\x01\x40\x01", "a handshake record of 16385 bytes"),
        (records(b"\x02\x00\x00\x00"), "message 2 is no ClientHello"),
        (records(b"\x01\x00\x40\x01"), "a ClientHello of 16385 bytes is too long"),
        (records(message(b"")), "ends inside a field"),
        (records(message(body([], 0x0203))), "version 0x0203"),
        (records(message(body([]) + b"x")), "bytes follow its extensions"),
        (records(message(body(None)[:-3] + b"\x00")), "ends inside a field"),
        (records(message(body(None)[:-2] + b"\x00")), "compression methods is empty"),
        (hello(NAME, NAME), "extension 0 stands there twice"),
        (hello((16, b""), (16, b"")), "extension 16 stands there twice"),
        (hello((0, b"")), "ends inside a field"),
        (hello((0, vector(2, b""))), "server name is broken"),
        (hello((0, NAME[1] + b"x")), "server name is broken"),
        (hello(server_name(b"a.example", kind=1)), "server name is broken"),
        (hello((0, vector(2, 2 * NAME[1][2:]))), "more than one server name"),
        (hello(protocols()), "list of protocols is broken"),
        (hello(protocols(b"h2", b"")), "list of protocols is broken"),
        (hello((16, protocols(b"h2")[1] + b"x")), "list of protocols is broken"),
        (hello((16, b"\x00\x03\x09h2")), "ends inside a field"),
        (hello(versions()), "list of versions is broken"),
        (hello((43, b"\x03\x03\x04\x03")), "list of versions is broken"),
    ],
)
def test_what_is_no_hello_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(HelloError) as caught:
        ClientHello.parse(data)
    assert why in str(caught.value)
    with pytest.raises(HelloError) as again:
        in_pieces(data + b"\0" * 16400, 1)
    assert str(again.value) == str(caught.value)


def test_a_hello_may_be_as_long_as_a_record_and_no_longer() -> None:
    room = MAX_HELLO - len(body([NAME, (21, b"")]))
    longest = message(body([NAME, (21, b"\0" * room)]))
    cuts = range(1000, len(longest), 1000)
    found = ClientHello.parse(records(longest, cuts))
    assert found is not None and found.server_name == "www.example.org"
    with pytest.raises(HelloError, match="too long"):
        ClientHello.parse(records(message(body([(21, b"\0" * MAX_HELLO)])), cuts))


def test_records_of_one_byte_do_not_go_on_for_ever() -> None:
    split = records(message(b"\0" * MAX_HELLO), range(MAX_HELLO))
    reader, taken = HelloReader(), 0
    with pytest.raises(HelloError, match="longer than"):
        while True:
            assert reader.feed(split[taken : taken + 6]) is None
            taken += 6
    assert taken <= MAX_BYTES + 6


@given(st.binary(max_size=3000))
def test_bytes_at_random_are_a_value_need_more_or_one_named_error(data: bytes) -> None:
    for start in (b"", b"\x16\x03\x01", b"\x16\x03\x01" + vector(2, data)[:2]):
        try:
            ClientHello.parse(start + data)
        except HelloError as error:
            assert "\n" not in str(error) and str(error).isprintable()


@given(st.binary(min_size=1, max_size=60), st.integers(0, len(FULL) - 1))
def test_a_broken_hello_is_a_value_need_more_or_one_named_error(
    tail: bytes, cut: int
) -> None:
    for data in (FULL[:cut] + tail, FULL[:cut] + tail + FULL[cut + len(tail) :]):
        try:
            ClientHello.parse(data)
        except HelloError as error:
            assert "\n" not in str(error) and str(error).isprintable()


# Real ones


def test_the_hello_of_python_is_read() -> None:
    found = ClientHello.parse(of_python("www.example.org", "h2", "http/1.1"))
    assert found is not None
    assert found.server_name == "www.example.org"
    assert found.protocols == (b"h2", b"http/1.1")
    assert found.versions[0] == 0x0304


def test_the_hello_of_openssl_4_is_read_over_two_segments() -> None:
    """Its key share for ML-KEM stands before the name, at MSS 1220 a segment early."""
    connection = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
    connection.set_connect_state()
    connection.set_tlsext_host_name(b"www.example.org")
    with pytest.raises(SSL.WantReadError):
        connection.do_handshake()
    data = connection.bio_read(65536)
    assert len(data) > 1220
    reader = HelloReader()
    assert reader.feed(data[:1220]) is None
    found = reader.feed(data[1220:])
    assert found is not None and found.server_name == "www.example.org"


PROGRAMS = {
    "openssl": ("openssl", "s_client", "-connect", "127.0.0.1:PORT", "-servername",
                "www.example.org", "-alpn", "h2,http/1.1"),
    "openssl 1.2": ("openssl", "s_client", "-connect", "127.0.0.1:PORT", "-tls1_2",
                    "-servername", "www.example.org", "-alpn", "h2,http/1.1"),
    "curl": ("curl", "--silent", "--insecure", "--http2", "--connect-to",
             "::127.0.0.1:PORT", "https://www.example.org/"),
}  # fmt: skip


@pytest.mark.parametrize("command", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_the_hellos_of_programs_are_read(command: tuple[str, ...]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    data = of_program(*command)
    found = ClientHello.parse(data)
    assert found is not None and found == in_pieces(data, 1)
    assert found.server_name == "www.example.org"
    assert found.protocols == (b"h2", b"http/1.1")
    assert found.versions[0] == (0x0303 if "-tls1_2" in command else 0x0304)
