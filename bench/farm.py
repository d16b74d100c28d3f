"""What stands behind every contender: nginx for requests, ``load`` for bulk."""

from __future__ import annotations

import os
from pathlib import Path

from bench.contenders import BULK, CLIENTS, MANY, POOL, TOLD, WEB, compiled
from tests.netlab import Lab
from tests.netlab.fixtures import SEARCH

OBJECTS = {"1m": 1_000_000, "100m": 100_000_000}
"""Files of so many bytes."""


def start(lab: Lab, directory: Path) -> None:
    """Start both on the server; they end with the lab."""
    for name, size in OBJECTS.items():
        (directory / name).write_bytes(os.urandom(size))
    config = directory / "nginx.conf"
    config.write_text(f"""
worker_processes 1;
worker_rlimit_nofile 16384;
daemon off;
master_process off;
pid {directory}/nginx.pid;
events {{ worker_connections 16000; }}
http {{
    access_log off;
    keepalive_timeout 1h;
    keepalive_requests 1000000000;
    open_file_cache max=10;
    sendfile on;
    tcp_nopush on;
    server {{
        listen {WEB} backlog=4096;
        listen {TOLD} backlog=4096 proxy_protocol;
        location = /1m {{ root {directory}; }}
        location = /100m {{ root {directory}; }}
        location / {{ return 200 "ok"; }}
    }}
}}
""")
    route(lab)
    environment = {**os.environ, "PATH": SEARCH}
    lab.server.popen(["nginx", "-c", str(config), "-e", "/dev/null"], env=environment)
    lab.server.popen([compiled("load"), "serve", lab.server.address, str(BULK)])
    lab.server.wait_listening(WEB)
    lab.server.wait_listening(BULK)


def route(lab: Lab) -> None:
    """
    Many servers that are one, many clients that are one, and pseudonyms.

    The gateway's part of the last is what ``bridgectl setup`` says.
    """
    lab.server.ip(
        f"route add local {MANY} dev lo", f"route add {POOL} via {lab.back_address}"
    )
    lab.client.ip(f"route add local {CLIENTS} dev lo")
    lab.gateway.ip(
        f"route add {MANY} via {lab.server.address}",
        f"route add {CLIENTS} via {lab.client.address}",
        f"route add local {POOL} dev lo",
    )
