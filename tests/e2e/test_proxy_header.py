"""PROXY headers from real senders and to real receivers, and what leaves with them."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.wire.proxy_header import read_header
from bridge.wire.proxy_value import ProxyHeader
from tests.e2e.certified import Certified
from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, Gateway, relay, until
from tests.e2e.peers import accept, ends_reset, free_port, name_of, read_all
from tests.e2e.product import Product, product
from tests.e2e.products import POSTFIX, dovecot, postfix
from tests.netlab import Capture, Lab
from tests.netlab.fixtures import requires

LINE = b"PROXY TCP6 2001:db8::7 2001:db8::80 41234 443\r\n"
BELIEVED = {"accept_proxy": ["::1/128", "127.0.0.0/8"]}
NAMED = {"client": "2001:db8::7", "client_port": 41234, "listen": "[2001:db8::80]:443"}


def said(record: dict[str, Any]) -> dict[str, Any]:
    return {key: record[key] for key in NAMED}


def heard(server: socket.socket) -> ProxyHeader:
    """The header that the server gets, and hello behind it."""
    data = b""
    with accept(server) as accepted:
        while not data.endswith(b"hello"):
            data += (more := accepted.recv(1000))
            assert more
    header = read_header(data)
    assert header is not None and data[header.length :] == b"hello"
    return header


# HAProxy

HAPROXY = """
defaults
  mode tcp
  timeout connect 5s
  timeout client 10s
  timeout server 10s
frontend in
  bind {bind}
  default_backend out
backend out
  server gateway {server}
"""


@pytest.fixture
def made() -> Iterator[Product]:
    with product() as each:
        yield each


def haproxy(made: Product, server: str, bind: str = "") -> None:
    """From *made*'s port to *server*, which may have options behind it."""
    file = made.folder / "haproxy.cfg"
    bind = f"127.0.0.1:{made.port} {bind}"
    file.write_text(HAPROXY.format(bind=bind, server=server))
    made.start(requires("haproxy"), "-db", "-f", file)


@pytest.mark.parametrize("option", ["send-proxy", "send-proxy-v2"])
def test_haproxy_names_the_client(
    start: Start, server: socket.socket, made: Product, option: str
) -> None:
    gateway = start(relay(name_of(server), front=BELIEVED))
    haproxy(made, f"[::1]:{gateway.port} {option}")
    with socket.create_connection(("127.0.0.1", made.port)) as client:
        client.sendall(b"hello")
        with accept(server) as accepted:
            assert accepted.recv(100) == b"hello"
            accepted.sendall(b"there")
        assert read_all(client) == b"there"
        host, port = client.getsockname()
    record = gateway.record()
    assert (record["client"], record["client_port"]) == (host, port)
    assert record["listen"] == f"127.0.0.1:{made.port}"
    assert record["via"].startswith("[::1]:")
    assert record["ending"] == "done"


def test_haproxys_tls_and_fields_go_through_to_the_server(
    start: Start, server: socket.socket, made: Product, certified: Certified
) -> None:
    farm = {"send_proxy": {"pass": ["ssl", "authority", "unique_id"], "add": "crc32c"}}
    gateway = start(relay(name_of(server), front=BELIEVED, farm=farm))
    pem = certified.folder / "both.pem"
    pem.write_bytes(
        b"".join(Path(path).read_bytes() for path in certified.entry().values())
    )
    haproxy(
        made,
        f"[::1]:{gateway.port} send-proxy-v2-ssl-cn proxy-v2-options authority",
        f"ssl crt {pem}",
    )
    raw = socket.create_connection(("127.0.0.1", made.port))
    with certified.client().wrap_socket(raw, server_hostname="web.test") as client:
        client.sendall(b"hello")
        header = heard(server)
    assert header.authority == b"web.test"
    assert header.ssl is not None and header.ssl.version == "TLSv1.3"


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_haproxy_is_told_and_its_checks_see_nothing_odd(
    start: Start, server: socket.socket, made: Product, version: str
) -> None:
    haproxy(made, f"{name_of(server)} send-proxy", "accept-proxy")
    check = {"kind": "tcp", "interval": "200ms"}
    farm = {"send_proxy": version, "check": check}
    gateway = start(relay(f"127.0.0.1:{made.port}", front=BELIEVED, farm=farm))
    with gateway.connect() as client:
        client.sendall(LINE + b"hello")
        server.settimeout(PATIENCE)
        for _ in range(1000):  # a check goes through as well, where it names somebody
            with accept(server) as accepted:
                data = accepted.recv(1000)
                while data.startswith(LINE) and len(data) < len(LINE + b"hello"):
                    data += accepted.recv(1000)
            if data.startswith(LINE):
                break
    assert data == LINE + b"hello"


# nginx

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log stderr; user root; worker_processes 1;
events {{ }}
http {{
  access_log off; {temp}
  server {{
    listen 127.0.0.1:{port} proxy_protocol;
    location / {{ return 200 "$proxy_protocol_addr $proxy_protocol_port\\n"; }}
  }}
}}
stream {{ server {{
  listen 127.0.0.1:{through}; proxy_pass [::1]:{gateway}; proxy_protocol on;
}} }}
"""


def nginx(made: Product, gateway: int) -> int:
    """Tells clients who they are, at *made*'s port; the one that is returned leads to
    the *gateway*."""
    through = free_port()
    temp = " ".join(
        f"{kind}_temp_path {made.folder}/t;"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = made.folder / "nginx.conf"
    modules = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
    load = f"load_module {modules};\n" if modules.exists() else ""
    file.write_text(
        load
        + NGINX.format(
            folder=made.folder,
            port=made.port,
            through=through,
            gateway=gateway,
            temp=temp,
        )
    )
    made.start(requires("nginx"), "-c", file, "-e", "stderr")
    return through


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_nginx_is_told_and_tells(start: Start, made: Product, version: str) -> None:
    farm = {"send_proxy": version}
    gateway = start(relay(f"127.0.0.1:{made.port}", front=BELIEVED, farm=farm))
    through = nginx(made, gateway.port)
    with socket.create_connection(("127.0.0.1", through)) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        host, port = client.getsockname()
        assert read_all(client).endswith(f"\r\n\r\n{host} {port}\n".encode())
    assert gateway.record()["client_port"] == port


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_an_ipv6_client_is_known_to_an_ipv4_nginx(
    start: Start, made: Product, version: str
) -> None:
    check = {"kind": "http", "path": "/", "interval": "200ms"}
    farm = {"send_proxy": version, "check": check}
    gateway = start(relay(f"127.0.0.1:{made.port}", farm=farm))
    nginx(made, gateway.port)
    ran = subprocess.run(
        [requires("curl"), "-sSf", f"http://[::1]:{gateway.port}/"],
        check=False, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert ran.stdout.startswith("::1 "), ran.stderr


def test_curl_speaks_for_somebody(start: Start, made: Product) -> None:
    farm = {"send_proxy": "v2"}
    gateway = start(relay(f"127.0.0.1:{made.port}", front=BELIEVED, farm=farm))
    nginx(made, gateway.port)
    ran = subprocess.run(
        [requires("curl"), "-sSf", "--haproxy-protocol", f"http://[::1]:{gateway.port}"],
        check=False, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    record = gateway.record()
    assert ran.stdout == f"::1 {record['client_port']}\n", ran.stderr
    assert record["via"] == f"[::1]:{record['client_port']}"


# Mail


def test_postfix_logs_the_ipv6_client(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = POSTFIX + "inet_protocols = all\nsmtpd_upstream_proxy_protocol = haproxy\n"
    monkeypatch.setattr("tests.e2e.products.POSTFIX", told)
    with postfix() as made:
        check = {"kind": "smtp", "interval": "500ms"}
        farm = {"send_proxy": "v2", "check": check}
        gateway = start(relay(f"127.0.0.1:{made.port}", front=BELIEVED, farm=farm))
        with gateway.connect() as client:
            client.sendall(LINE)
            client.settimeout(PATIENCE)
            assert client.recv(100).startswith(b"220 ")
            client.sendall(b"QUIT\r\n")
            read_all(client)
        until(lambda: "[2001:db8::7]" in made.log, f"the client in {made.log}")
        assert said(gateway.record()) == NAMED


def test_dovecot_believes_the_gateway(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.e2e import products

    told = products.DOVECOT.replace("port = {port}", "port = {port}\n    haproxy = yes")
    assert told != products.DOVECOT
    monkeypatch.setattr(
        products, "DOVECOT", told + "\nhaproxy_trusted_networks = 127.0.0.0/8\n"
    )
    with dovecot() as made:
        farm = {"send_proxy": "v2"}
        gateway = start(relay(f"127.0.0.1:{made.port}", front=BELIEVED, farm=farm))
        with gateway.connect() as client:
            client.sendall(LINE)
            client.settimeout(PATIENCE)
            assert client.recv(1000).startswith(b"* OK")
        assert said(gateway.record()) == NAMED


# In front of TLS, and of names


def test_it_comes_before_tls(
    start: Start, server: socket.socket, certified: Certified
) -> None:
    farm = {"send_proxy": {"add": ["authority", "ssl", "alpn"]}}
    front = BELIEVED | {"tls": certified.front(alpn=["h2"])}
    gateway = start(relay(name_of(server), front=front, farm=farm))
    context = certified.client()
    context.set_alpn_protocols(["h2"])
    with gateway.connect() as raw:
        raw.sendall(LINE)
        with context.wrap_socket(raw, server_hostname="web.test") as client:
            client.sendall(b"hello")
            header = heard(server)
    assert str(header.source) == "[2001:db8::7]:41234"
    assert (header.authority, header.alpn) == (b"web.test", b"h2")
    assert said(gateway.records(1)[0]) == NAMED


def test_it_comes_before_the_name(
    start: Start, server: socket.socket, certified: Certified
) -> None:
    """Mode sni: unopened, and with what was asked for as its authority."""
    configuration = relay(name_of(server), farm={"send_proxy": {"add": "authority"}})
    configuration["fronts"]["web"] |= BELIEVED | {"mode": "sni"}
    configuration["fronts"]["web"]["to"] = {"web.test": "web"}
    gateway = start(configuration)
    context = certified.client()
    with gateway.connect() as raw:
        raw.sendall(LINE)
        with context.wrap_socket(
            raw, server_hostname="web.test", do_handshake_on_connect=False
        ) as client:
            client.settimeout(0.2)
            with pytest.raises(TimeoutError):
                client.do_handshake()
            with accept(server) as accepted:
                header = read_header(data := accepted.recv(3000))
    assert header is not None and data[header.length] == 22
    assert header.authority == b"web.test"


# Whom to believe


def test_v4_mapped_senders_are_who_they_are(
    start: Start, server: socket.socket
) -> None:
    """A dual-stack listener calls them ::ffff:127.0.0.1: they cannot slip past."""
    front = {"dual_stack": True, "accept_proxy": ["127.0.0.0/8"]}
    gateway = start(relay(name_of(server), listen="[::]:0", front=front))
    with socket.create_connection(("127.0.0.1", gateway.port)) as client:
        client.sendall(LINE + b"hello")
        with accept(server) as accepted:
            assert accepted.recv(100) == b"hello"
    with socket.create_connection(("::1", gateway.port)) as client:
        client.sendall(LINE)
        with accept(server) as accepted:
            assert accepted.recv(100) == LINE
    until(lambda: len(gateway.told()) == 2, "two records")
    assert gateway.told()[0]["via"].startswith("127.0.0.1:")


def test_senders_in_a_file_are_read_again_on_hup(
    start: Start, server: socket.socket, tmp_path: Path
) -> None:
    senders = tmp_path / "senders.txt"
    senders.write_text("127.0.0.1\n")
    front = {"accept_proxy": f"@{senders}"}
    gateway = start(relay(name_of(server), listen="127.0.0.1:0", front=front))

    def comes(said: bytes) -> bytes:
        """What the server gets of a client that says that, and ends."""
        with socket.create_connection(("127.0.0.1", gateway.port), PATIENCE) as client:
            client.sendall(said)
            client.shutdown(socket.SHUT_WR)
            with accept(server) as accepted, accepted.makefile("rb") as reader:
                return reader.read()

    assert comes(LINE + b"hello") == b"hello"
    senders.write_text("192.0.2.9\n")
    gateway.send_signal(signal.SIGHUP)
    gateway.wait_log(f"front web: {senders} read again")
    assert comes(LINE + b"hello") == LINE + b"hello"
    named, own = gateway.records(2)
    assert said(named) == NAMED and named["via"].startswith("127.0.0.1:")
    assert own["client"] == "127.0.0.1" and not own["via"]


def test_who_sends_none_is_told_of_once(start: Start, server: socket.socket) -> None:
    gateway = start(relay(name_of(server), front=BELIEVED))
    for _ in range(5):
        with gateway.connect() as client:
            client.sendall(b"\x1b]0;owned\x07" * 3)
            ends_reset(client)
    assert {record["ending"] for record in gateway.records(5)} == {"bad_header"}
    gateway.wait_log("PROXY header: it begins as no PROXY header does: byte 0x1b")
    assert "\x1b" not in gateway.log
    assert gateway.log.count("ended as bad_header") == 1, gateway.log


# On the wire


def wired(lab: Lab, start: Start, **farm: Any) -> tuple[Gateway, socket.socket]:
    server = lab.server.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.bind((lab.server.address, 0))
    server.listen()
    server.settimeout(PATIENCE)
    where = f"{lab.server.address}:{server.getsockname()[1]}"
    listen = f"[{lab.front_address}]:0"
    front = {"accept_proxy": ["::/1", "8000::/1"]}
    made = start(relay(where, listen=listen, front=front, farm=farm), host=lab.gateway)
    return made, server


def test_it_leaves_with_the_clients_first_bytes_in_one_segment(
    lab: Lab, start: Start
) -> None:
    gateway, server = wired(lab, start, send_proxy="v2")
    port = server.getsockname()[1]
    client = lab.client.socket(socket.AF_INET6, socket.SOCK_STREAM)
    with server, client, Capture(lab.gateway, "back") as capture:
        client.connect((lab.front_address, gateway.port))
        client.sendall(LINE + b"hello")  # so that hello is there before the server is
        header = heard(server)
    assert said(gateway.record()) == NAMED
    sizes = [s.payload for s in capture.segments(destination_port=port) if s.payload]
    assert sizes == [header.length + 5]
