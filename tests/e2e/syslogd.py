"""
A real rsyslogd that writes down what it has understood of each message.

Its sockets are a unix socket of its own and a port of 127.0.0.1: this host's log is not
touched.
"""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path
from typing import Any

from tests.e2e.gateway import PATIENCE, until
from tests.netlab.fixtures import requires

# RFC 5424 at a unix socket is for rsyslog's usual parsers: see docs/log.md.
_CONFIGURATION = """\
module(load="imuxsock" SysSock.Use="off")
module(load="imudp")
global(workDirectory="{folder}" maxMessageSize="8k"
       parser.escapeControlCharactersOnReceive="off")
template(name="understood" type="list" option.jsonf="on") {{
  property(outname="facility" name="syslogfacility-text" format="jsonf")
  property(outname="severity" name="syslogseverity-text" format="jsonf")
  property(outname="time" name="timestamp" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="app" name="app-name" format="jsonf")
  property(outname="process" name="procid" format="jsonf")
  property(outname="kind" name="msgid" format="jsonf")
  property(outname="data" name="structured-data" format="jsonf")
  property(outname="version" name="protocol-version" format="jsonf")
  property(outname="text" name="msg" format="jsonf")
}}
input(type="imuxsock" Socket="{path}" UseSpecialParser="off" ParseHostname="on"
      RateLimit.Interval="0")
input(type="imuxsock" Socket="{usual}" RateLimit.Interval="0")
input(type="imudp" address="127.0.0.1" port="{port}")
action(type="omfile" file="{written}" template="understood")
"""


class Rsyslogd:
    """In *folder*, from ``start`` on; started again it listens at the same places."""

    def __init__(self, folder: Path) -> None:
        requires("rsyslogd")
        self.path = folder / "log.sock"
        self.usual = folder / "usual.sock"
        """One that is read as /dev/log is."""
        self.port = _free_port()
        self._written = folder / "understood"
        self._pidfile = folder / "pid"
        self._file = folder / "rsyslog.conf"
        self._file.write_text(
            _CONFIGURATION.format(
                folder=folder,
                path=self.path,
                usual=self.usual,
                port=self.port,
                written=self._written,
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Until it listens."""
        command = ["rsyslogd", "-n", "-f", str(self._file), "-i", str(self._pidfile)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(lambda: self.path.exists() and self._hears_udp(), "rsyslogd to listen")

    def _hears_udp(self) -> bool:
        ports = Path("/proc/net/udp").read_text()
        return f" 0100007F:{self.port:04X} " in ports

    def stop(self) -> None:
        """Once it has written what it has."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait(PATIENCE)

    def understood(self) -> list[dict[str, Any]]:
        """Each message so far."""
        if not self._written.exists():
            return []
        lines = self._written.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
