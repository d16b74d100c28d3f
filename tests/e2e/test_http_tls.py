"""Mode http with TLS in front, behind, and on both sides, beside PROXY headers."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import ssl
import subprocess
from contextlib import closing

import pytest

from bridge.net.address import Address
from bridge.wire.proxy_header import read_header, write_header
from bridge.wire.proxy_value import ProxyHeader
from tests.e2e.certified import NAME, Certified, Nginx, handshake
from tests.e2e.conftest import Start
from tests.e2e.gateway import Configuration, Gateway, relay, until
from tests.e2e.peers import name_of
from tests.netlab.fixtures import requires

SIZE = 10_000_000
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def http_over(
    server: str, certified: Certified, *, front: bool, back: bool, **more: object
) -> Configuration:
    """A front of mode http to *server*, with TLS on these sides."""
    return relay(
        server,
        front={"mode": "http", **more}
        | ({"tls": certified.front(alpn=["http/1.1"])} if front else {}),
        farm={"tls": certified.farm()} if back else {},
    )


def curl(gateway: Gateway, certified: Certified, scheme: str, *words: str) -> str:
    """What it wrote, by the name of the certificate."""
    host, port = gateway.addresses()[0]
    command = [requires("curl"), "-sS", "--globoff", "--noproxy", "*", "--cacert",
               str(certified.ca), "--connect-to", f"{NAME}:443:[{host}]:{port}",
               "--connect-to", f"{NAME}:80:[{host}]:{port}", *words]  # fmt: skip
    command = [each.replace("BASE", f"{scheme}://{NAME}") for each in command]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert not ran.returncode, ran.stderr
    return ran.stdout


@pytest.mark.parametrize(
    ("front", "back"), [(True, False), (False, True), (True, True)],
    ids=["front", "back", "both"],
)  # fmt: skip
def test_bodies_pass_whole_both_ways(
    start: Start, certified: Certified, nginx: Nginx, front: bool, back: bool
) -> None:
    body = certified.folder / "body.bin"
    body.write_bytes(os.urandom(SIZE))
    port = nginx.secure if back else nginx.plain
    gateway = start(http_over(f"127.0.0.1:{port}", certified, front=front, back=back))
    scheme = "https" if front else "http"
    told = curl(
        gateway, certified, scheme, "-T", str(body), "-H", "Expect: 100-continue",
        "-w", "%{response_code} %{http_version}\n", "-o", "/dev/null", "BASE/put",
    )  # fmt: skip
    assert told == "201 1.1\n"
    assert (nginx.files / "put").read_bytes() == body.read_bytes()
    got = certified.folder / "got"
    told = curl(
        gateway, certified, scheme, "-o", str(got), "BASE/put", "-o", "/dev/null",
        "BASE/put", "-w", "%{num_connects} %{response_code}\n",
    )  # fmt: skip
    assert told == "1 200\n0 200\n"
    assert got.read_bytes() == body.read_bytes()
    told = curl(gateway, certified, scheme, "-I", "BASE/put")
    assert f"Content-Length: {SIZE}" in told


@pytest.mark.parametrize("notify", [True, False], ids=["close_notify", "FIN alone"])
def test_an_answer_until_close_is_whole_only_if_its_server_says_so(
    start: Start,
    certified: Certified,
    server: socket.socket,
    notify: bool,
) -> None:
    """A FIN without close_notify may be forged: the client sees a reset."""
    gateway = start(http_over(name_of(server), certified, front=False, back=True))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certified.entry().values())
    with gateway.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        raw, _ = server.accept()
        secured = context.wrap_socket(raw, server_side=True)
        assert secured.recv(1000).startswith(b"GET / HTTP/1.1\r\n")
        secured.sendall(b"HTTP/1.1 200 OK\r\n\r\npart")
        if notify:
            raw = secured.unwrap()
            raw.close()
        else:
            secured.close()
        got = b""
        try:
            while data := client.recv(1000):
                got += data
        except ConnectionResetError:
            assert not notify
        else:
            assert notify
        assert got.endswith(b"part")


def test_the_server_learns_that_the_client_came_by_https(
    start: Start, certified: Certified, server: socket.socket
) -> None:
    gateway = start(http_over(name_of(server), certified, front=True, back=False))
    with handshake(gateway, certified.client()) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        back, _ = server.accept()
        with back:
            asked = back.recv(1000)
            assert b"\r\nX-Forwarded-Proto: https\r\n" in asked
            back.sendall(OK)
            assert client.recv(1000) == OK


def test_what_upgrades_is_no_http_any_more_over_tls_too(
    start: Start, certified: Certified, server: socket.socket
) -> None:
    gateway = start(http_over(name_of(server), certified, front=True, back=False))
    with handshake(gateway, certified.client()) as client:
        client.sendall(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"
            b"Upgrade: websocket\r\n\r\n"
        )
        back, _ = server.accept()
        with back:
            assert b"websocket" in back.recv(1000)
            back.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                b"Upgrade: websocket\r\n\r\nhello"
            )
            got = b""
            while not got.endswith(b"hello"):
                got += client.recv(1000)
            client.sendall(b"\r\nno HTTP\0")
            assert back.recv(1000) == b"\r\nno HTTP\0"


def test_a_kept_connection_goes_on_while_certificates_are_read_again(
    start: Start, certified: Certified, nginx: Nginx
) -> None:
    (nginx.files / "file").write_bytes(b"whole")
    server = f"127.0.0.1:{nginx.plain}"
    gateway = start(http_over(server, certified, front=True, back=False))
    with closing(handshake(gateway, certified.client())) as kept:
        talk = http.client.HTTPConnection(NAME)
        talk.sock = kept
        for _ in range(2):
            talk.request("GET", "/file")
            assert talk.getresponse().read() == b"whole"
            before = kept.getpeercert(binary_form=True)
            certified.authority.issue(NAME, "127.0.0.1").write(certified.folder, "web")
            gateway.send_signal(signal.SIGHUP)

            def renewed(before: bytes | None = before) -> bool:
                with handshake(gateway, certified.client()) as other:
                    return other.getpeercert(binary_form=True) != before

            until(renewed, "the new certificate")


def header(client: str) -> bytes:
    ends = Address(client, 4000), Address("2001:db8::80", 80)
    return write_header(ProxyHeader(*ends), 2)


def test_headers_name_the_client_in_front_and_once_for_each_connection_behind(
    start: Start, certified: Certified, server: socket.socket
) -> None:
    configuration = relay(
        name_of(server),
        front={"mode": "http", "accept_proxy": ["::1"]},
        farm={"send_proxy": "v2"},
    )
    gateway = start(configuration)
    asked = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    with gateway.connect() as client:
        client.sendall(header("2001:db8::7") + asked)
        for last in (False, True):  # the first server ends, and another one is dialed
            back, _ = server.accept()
            back.settimeout(5)
            with back:
                got = b""
                while not got.endswith(b"\r\n\r\n"):
                    got += back.recv(1000)
                said = read_header(got)
                assert said is not None and str(said.source) == "[2001:db8::7]:4000"
                request = got[said.length :]
                assert request.startswith(b"GET / HTTP/1.1\r\n")
                assert b"X-Forwarded-For: 2001:db8::7\r\n" in request
                back.sendall(OK)
                assert client.recv(1000) == OK
                if not last:  # a second one over the same connection: no header
                    client.sendall(asked)
                    assert back.recv(1000).startswith(b"GET / HTTP/1.1\r\n")
                    back.sendall(OK)
                    assert client.recv(1000) == OK
            if not last:
                client.sendall(asked)
    (record,) = gateway.records(1)
    assert (record["client"], record["ending"]) == ("2001:db8::7", "done")
