"""
A first configuration out of a few answers.

Here: what is asked, the text made of the answers, and which of them is wrong, in the
model's own words.  Not here: asking, and writing the file (``init_command``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from bridge.config.problems import ConfigError
from bridge.config.reader import Document, parse
from bridge.net.address import Address, parse_listen
from bridge.net.names import is_address

MODES = {
    "stream": "bytes as they are, TLS unopened among them",
    "sni": "TLS unopened, to farms by the name that clients ask for",
    "http": "HTTP/1: each request to the farm of its host",
    "ftp": "FTP, whose addresses are changed as they pass",
}
"""What can come in, in the order and words in which it is asked."""

_PORTS = {"stream": 80, "sni": 443, "http": 80, "ftp": 21}


@dataclass(frozen=True)
class Wanted:
    """The answers; empty ones stand for what is usual."""

    mode: str = "stream"
    listen: tuple[str, ...] = ()
    """Addresses with ports; a port alone is that of every address."""
    server: tuple[str, ...] = ()
    """With or without a port; the front's own by default."""
    host: tuple[str, ...] = ()
    """Of modes sni and http: the only names that are served; none: every name."""
    certificate: str = ""
    """A file; the front opens TLS with it, and servers get plain bytes."""
    key: str = ""
    jumbo: bool = False
    """Whether the servers' network has an MTU of 9000."""
    access_log: str = "-"

    @property
    def listens(self) -> tuple[str, ...]:
        """Where clients come in, with what is usual filled in."""
        port = 443 if self.certificate and self.mode != "ftp" else _PORTS[self.mode]
        usual = (f"[::]:{port}",)
        return tuple(map(_every, self.listen)) or usual

    @property
    def servers(self) -> tuple[str, ...]:
        """As the configuration has them: with a port."""
        return tuple(_with_port(server, self._port) for server in self.server)

    @property
    def _port(self) -> int:
        """That of servers which are given without one."""
        if self.certificate and self.mode != "ftp":
            return 80  # they get what was inside
        try:
            (first, *_) = parse_listen(self.listens[0])
        except ValueError:
            first = None
        port = first.port if isinstance(first, Address) else 0
        return port or _PORTS[self.mode]


class WrongAnswerError(ValueError):
    """One answer cannot be: the text is why, *field* is Wanted's name for it."""

    def __init__(self, field: str, why: str) -> None:
        self.field = field
        super().__init__(why)


def text_of(wanted: Wanted) -> str:
    """The configuration, commented, whether it is right or not."""
    return "\n".join(_lines(wanted)) + "\n"


def understood(wanted: Wanted, name: str = "<text>") -> Document:
    """
    What the gateway makes of ``text_of(wanted)``, called *name* in errors.

    Raises WrongAnswerError.
    """
    if not wanted.server:
        raise WrongAnswerError("server", "is needed, at least one: 192.0.2.10:80")
    if wanted.key and not wanted.certificate:
        raise WrongAnswerError("key", "is a certificate's: name that as well")
    if wanted.host and wanted.mode not in ("sni", "http"):
        what = f"mode {wanted.mode} sees no names"
        raise WrongAnswerError("host", f"{what}: leave it out, or take sni or http")
    try:
        return parse(text_of(wanted), name=name)
    except ConfigError as error:
        raise blamed(error) from None


def blamed(error: ConfigError) -> WrongAnswerError:
    """Which answer the first problem of a configuration of ours comes from."""
    problem = error.problems[0]
    for part, field in _FIELDS:
        if part in problem.path:
            return WrongAnswerError(field, problem.message)
    return WrongAnswerError("mode", f"{problem.path}: {problem.message}")


def complete(wanted: Wanted) -> Wanted:
    """*wanted*, where there is a server or not: for finding fault with the rest."""
    return wanted if wanted.server else replace(wanted, server=("192.0.2.1",))


_FIELDS = (
    (".listen", "listen"),
    (".servers", "server"),
    (".key", "key"),
    (".tls", "certificate"),
    (".to", "host"),
    ("log", "access_log"),
)
"""Which part of a problem's path is of which answer."""


def _every(listen: str) -> str:
    return f"[::]:{listen}" if listen.isdecimal() else listen


def _with_port(server: str, port: int) -> str:
    if is_address(server):
        return f"[{server}]:{port}" if ":" in server else f"{server}:{port}"
    return server if ":" in server else f"{server}:{port}"


def _quoted(text: str) -> str:
    """A YAML scalar in double quotes, which JSON's strings are (YAML 1.2, 1.3)."""
    return json.dumps(text, ensure_ascii=False)


def _listed(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _said(code: str, comment: str) -> str:
    return f"{code:<31}# {comment}"


def _lines(wanted: Wanted) -> Iterator[str]:
    name = "ftp" if wanted.mode == "ftp" else "web"
    yield "# Written by bridgectl init. What else there is: bridgectl explain KEY, or"
    yield "# docs/configuration.md. After a change: bridgectl check FILE, then reload."
    yield ""
    yield "fronts:"
    yield _said(f"  {name}:", "where clients come in")
    yield f"    listen: {_listed(wanted.listens)}"
    if wanted.mode != "stream":
        yield _said(f"    mode: {wanted.mode}", MODES[wanted.mode])
    yield from _destination(wanted, name)
    yield from _tls(wanted)
    if wanted.mode == "ftp":
        yield _said(
            "    ftp: {ports: 50000-50999}", "for data; open them in a firewall"
        )
    yield ""
    yield "farms:"
    yield _said(f"  {name}:", "where they are led to")
    if wanted.jumbo:
        yield _said("    profile: jumbo", "the servers' network has an MTU of 9000")
    yield f"    servers: {_listed(wanted.servers)}"
    yield ""
    yield f"log: {{access: {_quoted(wanted.access_log)}}}"


def _destination(wanted: Wanted, name: str) -> Iterator[str]:
    if not wanted.host:
        yield (
            f"    to: {{default: {name}}}"
            if wanted.mode == "sni"
            else f"    to: {name}"
        )
        return
    yield _said("    to:", "names that are not here are refused")
    for host in wanted.host:
        yield f"      {_quoted(host)}: {name}"


def _tls(wanted: Wanted) -> Iterator[str]:
    if wanted.certificate:
        parts = f"certificate: {_quoted(wanted.certificate)}"
        parts += f", key: {_quoted(wanted.key)}" if wanted.key else ""
        yield _said("    tls:", "opened here; servers get plain bytes")
        yield f"      certificates: [{{{parts}}}]"
