"""
The contenders once more, understanding HTTP: each adds X-Forwarded-For.

All keep connections to the server where they may, as whoever tunes them would have it:
HAProxy by its default (`http-reuse safe`: a client's first request has a connection of
its own), nginx with `keepalive` and without temporary files, which a body of 100 MB
would otherwise be written to.
"""

from __future__ import annotations

from bench.contenders import UNCHECKED, WEB, Command, Place, haproxy_binary
from bench.contenders import bridge as plain_bridge

BRIDGE, HAPROXY, NGINX = "bridge/http", "haproxy/http", "nginx/http"
BEFORE = "before/http"


def bridge(place: Place) -> list[str]:
    return plain_bridge(place, rest=UNCHECKED, front=", mode: http")


def haproxy(place: Place) -> list[str]:
    text = f"""
global
    nbthread 1
    maxconn 5000
    tune.pipesize 1048576
defaults
    mode http
    option splice-auto
    option forwardfor
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen web
    bind [{place.front}]:{place.web}
    server one {place.back}:{WEB}
listen unused
    bind [{place.front}]:{place.bulk}
    server one {place.back}:{WEB}
"""
    return [haproxy_binary(), "-db", "-q", "-f", place.write("haproxy.cfg", text)]


def nginx(place: Place) -> list[str]:
    text = f"""
worker_processes 1;
worker_rlimit_nofile 16384;
daemon off;
master_process off;
pid {place.directory}/nginx.pid;
error_log {place.directory}/nginx.log;
events {{ worker_connections 12000; }}
http {{
    access_log off;
    keepalive_timeout 1h;
    keepalive_requests 1000000000;
    tcp_nodelay on;
    upstream farm {{ server {place.back}:{WEB}; keepalive 64; }}
    server {{
        listen [{place.front}]:{place.web} backlog=4096;
        listen [{place.front}]:{place.bulk} backlog=4096;
        location / {{
            proxy_pass http://farm;
            proxy_http_version 1.1;
            proxy_buffers 16 64k;
            proxy_max_temp_file_size 0;
            proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
}}
"""
    return ["nginx", "-c", place.write("nginx.conf", text), "-e", "/dev/null"]


HTTP: dict[str, Command] = {BRIDGE: bridge, HAPROXY: haproxy, NGINX: nginx}
