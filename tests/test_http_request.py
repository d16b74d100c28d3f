"""A request's head as it goes on to a server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.filters.about import About
from bridge.filters.http_request import RequestWriter, upgrades, values_of
from bridge.filters.http_settings import HeaderChanges, HttpSettings, Told
from bridge.wire.http_head import read_request
from bridge.wire.http_target import read_target
from tests.http_bytes import PLAIN, request

ABOUT = About(("2001:db8::1", 4711), ("2001:db8::80", 80), "web", session="s-1")


def written(
    head: bytes, settings: HttpSettings = PLAIN, about: About = ABOUT
) -> list[str]:
    """The lines that go on."""
    read = read_request(head)
    lines = RequestWriter(about, settings).write(read, read_target(read))
    text = lines.decode("latin-1")
    assert text.endswith("\r\n\r\n")
    return text.split("\r\n")[:-2]


def test_what_nothing_is_to_be_done_to_goes_on_as_it_came() -> None:
    head = request("GET /x HTTP/1.1", "accept:  */*", "COOKIE: a_b=c; d", "X: \xe4")
    assert "\r\n".join([*written(head), "", ""]).encode("latin-1") == head


@pytest.mark.parametrize(
    "fields",
    [
        ("Connection: keep-alive", "Keep-Alive: timeout=5"),
        ("Proxy-Connection: keep-alive",),
        ("Connection: X-One, x-two", "X-One: 1", "X-TWO: 2"),
        ("Connection: x-one", "Connection: x-two", "x-one: 1", "x-two: 2"),
        ("TE: gzip",),
        ("Upgrade: websocket",),
        ("Connection: upgrade",),
        ("Connection: upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AA"),
        ("Connection: Upgrade", "Upgrade: websocket, H2C"),
        ("Connection: Upgrade", "Upgrade: TLS/1.2"),
        ("Connection: Upgrade", "Upgrade: HTTP/2.0"),
        ("Connection: ,, ", ),
    ],
)  # fmt: skip
def test_fields_of_one_hop_stay_behind(fields: tuple[str, ...]) -> None:
    assert written(request("GET / HTTP/1.1", *fields)) == ["GET / HTTP/1.1", "Host: a"]


@pytest.mark.parametrize("name", ["Host", "Content-Length", "Expect", "Trailer"])
def test_what_the_message_needs_cannot_be_named_for_one_hop(name: str) -> None:
    values = {"Host": "a", "Content-Length": "1"}
    fields = [f"{n}: {v}" for n, v in values.items() if n != "Host"]
    fields += [f"{name}: x"] if name not in values else []
    lines = written(request("POST / HTTP/1.1", *fields, f"Connection: {name}, close"))
    assert any(line.startswith(name + ": ") for line in lines)


def test_chunks_cannot_be_named_for_one_hop() -> None:
    head = request(
        "POST / HTTP/1.1", "Transfer-Encoding: chunked", "Connection: transfer-encoding"
    )
    assert "Transfer-Encoding: chunked" in written(head)


def test_a_client_that_names_ours_for_one_hop_takes_nothing_of_ours_out() -> None:
    named = "X-Forwarded-For, Forwarded, X-Forwarded-Proto"
    settings = HttpSettings(forwarded="replace", x_forwarded="replace")
    lines = written(request("GET / HTTP/1.1", f"Connection: {named}"), settings)
    assert "X-Forwarded-For: 2001:db8::1" in lines
    assert "X-Forwarded-Proto: http" in lines
    assert any(line.startswith("Forwarded: ") for line in lines)


@pytest.mark.parametrize(
    ("first", "fields", "connection"),
    [
        ("GET / HTTP/1.1", ["Connection: close"], "Connection: close"),
        ("GET / HTTP/1.1", ["Connection: Keep-Alive"], None),
        ("GET / HTTP/1.0", ["Connection: keep-alive"], "Connection: keep-alive"),
        ("GET / HTTP/1.0", [], None),
        ("GET / HTTP/1.1", ["TE: deflate, Trailers", "Connection: TE"],
         "Connection: TE"),
        ("GET / HTTP/1.1", ["Connection: Upgrade", "Upgrade: websocket"],
         "Connection: upgrade"),
        ("GET / HTTP/1.0", ["Connection: Upgrade", "Upgrade: websocket"], None),
    ],
)  # fmt: skip
def test_what_the_next_hop_is_told_is_ours(
    first: str, fields: list[str], connection: str | None
) -> None:
    lines = written(request(first, *fields))
    found = [line for line in lines if line.lower().startswith("connection")]
    assert found == ([connection] if connection else [])


def test_an_upgrade_goes_on_with_its_protocols() -> None:
    lines = written(
        request(
            "GET / HTTP/1.1", "Connection: keep-alive, Upgrade", "Upgrade: WebSocket"
        )
    )
    assert "Upgrade: WebSocket" in lines


@pytest.mark.parametrize(
    ("fields", "does"),
    [
        (("Connection: Upgrade", "Upgrade: websocket"), True),
        (("Connection: Upgrade", "Upgrade: websocket", "Upgrade: h2c"), False),
        (("Connection: Upgrade", "Upgrade: x", "Content-Length: 1"), False),
        (("Connection: Upgrade",), False),
        (("Upgrade: websocket",), False),
    ],
)
def test_who_asks_for_another_protocol(fields: tuple[str, ...], does: bool) -> None:
    assert upgrades(read_request(request("GET / HTTP/1.1", *fields))) is does


def test_trailers_may_be_sent_where_they_are_asked_for() -> None:
    lines = written(request("GET / HTTP/1.1", "TE: trailers;q=0.5, trailers"))
    assert "TE: trailers" in lines


def test_http_1_0_knows_no_expectations() -> None:
    fields = ("Expect: 100-continue", "Content-Length: 1")
    assert "Expect: 100-continue" in written(request("POST / HTTP/1.1", *fields))
    assert "Expect: 100-continue" not in written(request("POST / HTTP/1.0", *fields))


# Who the client is


@pytest.mark.parametrize(
    ("told", "came", "chain"),
    [
        ("append", (), ["2001:db8::1"]),
        ("replace", (), ["2001:db8::1"]),
        ("off", (), []),
        ("append", ("6.6.6.6",), ["6.6.6.6, 2001:db8::1"]),
        ("append", ("1.1.1.1, 2.2.2.2", " 3.3.3.3 ", ""),
         ["1.1.1.1, 2.2.2.2, 3.3.3.3, 2001:db8::1"]),
        ("replace", ("6.6.6.6", "7.7.7.7"), ["2001:db8::1"]),
        ("off", ("6.6.6.6",), ["6.6.6.6"]),
    ],
)  # fmt: skip
def test_ours_is_the_last_of_the_chain(
    told: Told, came: tuple[str, ...], chain: list[str]
) -> None:
    fields = [f"x-forwarded-FOR: {each}" for each in came]
    lines = written(request("GET / HTTP/1.1", *fields), HttpSettings(x_forwarded=told))
    found = [line for line in lines if line.lower().startswith("x-forwarded-for")]
    assert [line.partition(": ")[2] for line in found] == chain


@pytest.mark.parametrize("told", ["append", "replace"])
def test_what_has_one_value_is_ours_alone(told: Told) -> None:
    forged = ("X-Forwarded-Proto: https", "x-forwarded-port: 1", "X-FORWARDED-HOST: e")
    lines = written(
        request("GET / HTTP/1.1", *forged, host="A:8080"),
        HttpSettings(x_forwarded=told),
    )
    assert lines[2:] == [
        "X-Forwarded-For: 2001:db8::1",
        "X-Forwarded-Proto: http",
        "X-Forwarded-Port: 80",
        "X-Forwarded-Host: A:8080",
    ]


@pytest.mark.parametrize(
    "name",
    ["X_Forwarded_For", "X-Forwarded_For", "x.forwarded.for", "X_FORWARDED_PROTO",
     "X_Real_Ip", "Proxy_Connection", "Keep_Alive"],
)  # fmt: skip
def test_what_a_server_may_take_for_ours_stays_behind(name: str) -> None:
    settings = HttpSettings(
        request_headers=HeaderChanges(set={"X-Real-IP": "${client}"})
    )
    lines = written(request("GET / HTTP/1.1", f"{name}: 6.6.6.6", "a_b: c"), settings)
    assert "6.6.6.6" not in "".join(lines)
    assert "a_b: c" in lines


@pytest.mark.parametrize(
    ("told", "came", "value"),
    [
        ("append", (), 'for="[2001:db8::1]";proto=http;host=a'),
        ("append", ("for=6.6.6.6", "for=7.7.7.7;by=x"),
         'for=6.6.6.6, for=7.7.7.7;by=x, for="[2001:db8::1]";proto=http;host=a'),
        ("replace", ("for=6.6.6.6",), 'for="[2001:db8::1]";proto=http;host=a'),
    ],
)  # fmt: skip
def test_the_element_of_rfc_7239(told: Told, came: tuple[str, ...], value: str) -> None:
    settings = replace(PLAIN, forwarded=told)
    fields = [f"Forwarded: {each}" for each in came]
    lines = written(request("GET / HTTP/1.1", *fields), settings)
    assert lines[2:] == [f"Forwarded: {value}"]


@pytest.mark.parametrize(
    ("client", "secure", "host", "value"),
    [
        ("192.0.2.1", False, "a", "for=192.0.2.1;proto=http;host=a"),
        ("192.0.2.1", True, "a:8443", 'for=192.0.2.1;proto=https;host="a:8443"'),
        ("fe80::1%eth0", False, "[::1]", 'for="[fe80::1]";proto=http;host="[::1]"'),
        ("unix:/x", False, "a", "for=unknown;proto=http;host=a"),
    ],
)
def test_it_is_quoted_where_it_has_to_be(
    client: str, secure: bool, host: str, value: str
) -> None:
    about = replace(ABOUT, client=(client, 1), secure=secure)
    lines = written(request(host=host), replace(PLAIN, forwarded="append"), about)
    assert lines[2:] == [f"Forwarded: {value}"]


def test_who_has_no_address_is_not_made_up() -> None:
    about = replace(ABOUT, client=("unix:/run/x", 0), listen=("unix:/run/y", 0))
    lines = written(request("GET / HTTP/1.0", host=""), HttpSettings(), about)
    assert lines == ["GET / HTTP/1.0", "X-Forwarded-Proto: http"]


def test_the_host_of_each_request_is_its_own() -> None:
    writer = RequestWriter(ABOUT, HttpSettings())
    for host in ("a", "b", "a"):
        read = read_request(request(host=host))
        head = writer.write(read, read_target(read))
        assert f"X-Forwarded-Host: {host}\r\n".encode() in head


# What the configuration changes


def test_fields_are_removed_set_and_added() -> None:
    changes = HeaderChanges(
        set={"X-A": "${client}:${client.port}", "User-Agent": "us"},
        add={"X-B": "${front} ${host} ${scheme} ${listen.port} ${session}$$"},
        remove=["Cookie"],
    )
    head = request("GET / HTTP/1.1", "x-a: 6", "X-A: 7", "cookie: c", "X-B: 1",
                   "user-agent: me", host="A.:80")  # fmt: skip
    assert written(head, replace(PLAIN, request_headers=changes)) == [
        "GET / HTTP/1.1",
        "Host: A.:80",
        "X-B: 1",
        "X-A: 2001:db8::1:4711",
        "User-Agent: us",
        "X-B: web a http 80 s-1$",
    ]


def test_a_host_that_is_set_is_the_only_one() -> None:
    settings = HttpSettings(request_headers=HeaderChanges(set={"Host": "inside"}))
    for first in ("GET / HTTP/1.1", "GET http://b/ HTTP/1.1"):
        lines = written(request(first), settings)
        hosts = [line for line in lines if line.lower().startswith("host:")]
        assert hosts == ["Host: inside"]


def test_what_is_asked_for_in_tls_cannot_break_out_of_its_line() -> None:
    about = replace(ABOUT, asked="a\r\nX: y", alpn="h\n")
    changes = HeaderChanges(set={"X-N": "${tls.sni} ${tls.alpn}"})
    lines = written(request(), replace(PLAIN, request_headers=changes), about)
    assert lines[2:] == ["X-N: aX: y h"]


def test_an_absolute_target_goes_on_with_the_host_it_names() -> None:
    lines = written(request("GET http://B:8/x HTTP/1.1", "X: y"))
    assert lines == ["GET /x HTTP/1.1", "X: y", "Host: B:8"]
    assert written(request("GET http://b/x HTTP/1.0", host=""))[1:] == ["Host: b"]


def test_values_are_of_the_session() -> None:
    values = values_of(replace(ABOUT, via=("fe80::1%x", 1), secure=True))
    assert values["via"] == b"fe80::1"
    assert (values["listen"], values["scheme"]) == (b"2001:db8::80", b"https")


# Trailers


def test_trailers_go_on_but_for_what_a_server_may_merge() -> None:
    settings = HttpSettings(request_headers=HeaderChanges(set={"X-Real-IP": "x"}))
    came = (
        b"X-Sum: 1\r\nX-Forwarded-For: 6\r\nx_forwarded_for: 6\r\nContent-Length: 6\r\n"
        b"Host: 6\r\nX-Real-Ip: 6\r\nConnection: 6\r\nY: 2\r\n\r\n"
    )
    kept = RequestWriter(ABOUT, settings).trailers(came)
    assert kept == b"X-Sum: 1\r\nY: 2\r\n\r\n"
    assert RequestWriter(ABOUT, settings).trailers(b"\r\n") == b"\r\n"


def test_the_same_request_of_another_client_names_that_one() -> None:
    read = read_request(request("GET /same HTTP/1.1"))
    for client in ("2001:db8::1", "2001:db8::2"):
        writer = RequestWriter(replace(ABOUT, client=(client, 1)), HttpSettings())
        for _ in range(2):
            head = writer.write(read, read_target(read))
            assert f"X-Forwarded-For: {client}\r\n".encode() in head
