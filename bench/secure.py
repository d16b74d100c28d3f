"""
The contenders once more, ending TLS in front: one P-256 certificate and one cipher.

TLS 1.3 with AES-128-GCM, tickets as each has them by default.  Nothing but the front
differs from ``contenders``; a client's ALPN is not answered by anybody.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from bench.contenders import WEB, Command, Place, haproxy_binary
from bench.contenders import bridge as plain_bridge
from bench.contenders import nginx as plain_nginx

SUITE = "TLS_AES_128_GCM_SHA256"
BRIDGE, HAPROXY, NGINX = "bridge/tls", "haproxy/tls", "nginx/tls"
BEFORE = "before/tls"


def certificate(place: Place) -> tuple[Path, Path]:
    """A certificate and its key, the same for all contenders of one run."""
    folder = place.directory.parent
    pem, key = folder / "bench.pem", folder / "bench.key"
    if not pem.exists():
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "30"]
        curve = ["-pkeyopt", "ec_paramgen_curve:prime256v1"]
        names = ["-subj", "/CN=bench", "-addext", "subjectAltName=DNS:bench"]
        out = ["-out", str(pem), "-keyout", str(key)]
        subprocess.run(
            [*command, *curve, *names, *out], check=True, capture_output=True
        )
        (folder / "both.pem").write_text(pem.read_text() + key.read_text())
    return pem, key


def haproxy(place: Place, threads: int = 1) -> list[str]:
    both = certificate(place)[0].with_name("both.pem")
    text = f"""
global
    nbthread {threads}
    maxconn 5000
    ssl-default-bind-ciphersuites {SUITE}
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen web
    bind [{place.front}]:{place.web} ssl crt {both} ssl-min-ver TLSv1.3
    server one {place.back}:{WEB}
listen unused
    bind [{place.front}]:{place.bulk}
    server one {place.back}:{WEB}
"""
    return [haproxy_binary(), "-db", "-q", "-f", place.write("haproxy.cfg", text)]


def nginx(place: Place) -> list[str]:
    pem, key = certificate(place)
    tls = f"""
    ssl_certificate {pem};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites {SUITE};
"""
    return plain_nginx(place, " ssl", tls)


def bridge(place: Place) -> list[str]:
    return plain_bridge(place, front=front(place))


def front(place: Place) -> str:
    """What a front of the gateway has besides."""
    pem, key = certificate(place)
    pair = f'{{certificate: "{pem}", key: "{key}"}}'
    return f', tls: {{certificates: [{pair}], minimum: "1.3"}}'


SECURE: dict[str, Command] = {
    BRIDGE: bridge,
    HAPROXY: haproxy,
    NGINX: nginx,
}
