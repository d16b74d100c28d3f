"""
The manual pages, written into a folder: ``python -m bridge.manual docs/man``.

``make docs`` runs this.  Here: which pages there are, and twistd-bridge(8), which is
made of twistd's options for us.  The others' text is the model's (``config.markdown``)
and the parser's (``control.manual``).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from bridge import __version__
from bridge.config.markdown import markdown
from bridge.config.roff import Title, page
from bridge.control.bridgectl import command_line
from bridge.control.grammar import grammar
from bridge.control.manual import manual, sentence
from bridge.tap import Options

DATE = "2026-11-29"
"""When the text was last gone over: pages made twice are the same."""

_TWISTD = """\
## Synopsis

`twistd -n bridge --config` *FILE*

`twistd bridge --config` *FILE* `--check`

`twistd -n bridge --demo`

## Description

`bridge` accepts clients' TCP connections, over IPv6, IPv4, TLS or UNIX sockets, and
makes its own to servers of a farm, each side tuned for its own network. It is a plugin
of `twistd`(1), whose options stand before the word `bridge`; `-n` keeps it in the
foreground, and without that it becomes a daemon. One YAML file says everything else:
`bridge.yaml`(5).

Nothing is bound, changed or sent to the background before the configuration is known to
be good.

## Options
"""

_REST = """\
## Signals

#### `HUP`

Reads the configuration again, all or nothing. A file that is wrong changes nothing: the
log says why, and the old configuration runs on. Otherwise new sessions go by the new
one, and those that run finish by the old one. Certificates, and files of networks
(`@file`), are read again in any case.

#### `TERM`, `INT`

Stops. Clients are accepted for `timeouts.drain_delay` yet; then sessions may finish
within `timeouts.drain_timeout`, and the rest are reset. A second signal ends at once.

#### `USR1`

Opens the files of the logs anew, as `logrotate`(8) wants it.

#### `USR2`

Writes the state into the log: fronts, farms, servers, names, what is dropped and kept.

## Exit status

| status | means |
|---|---|
| 0 | It ran and was told to stop; or, with `--check`, the configuration is right. |
| 1 | It failed while starting or running, as for a port that is taken. |
| 2 | The command line is wrong. |
| 78 | The configuration is wrong (EX_CONFIG of sysexits.h), and nothing was done. |

## Environment

What a configuration refers to as `${NAME}`. `LISTEN_FDS`, `LISTEN_PID` and
`LISTEN_FDNAMES` are how systemd hands sockets over (`sd_listen_fds`(3)), and
`NOTIFY_SOCKET` and `WATCHDOG_USEC` are how it is told that all is well
(`sd_notify`(3)).

## See also

`bridgectl`(1), `bridge.yaml`(5), `twistd`(1), `systemd.service`(5)
"""

_YAML_END = """\
## See also

`bridgectl`(1), `twistd-bridge`(8)
"""


def pages() -> Mapping[str, str]:
    """Every page by its file's name."""
    return {
        "bridge.yaml.5": _page(
            "bridge.yaml", 5, "what the TCP gateway does", _of_yaml()
        ),
        "bridgectl.1": _page(
            "bridgectl", 1, "check, ask and change the TCP gateway", _of_control()
        ),
        "twistd-bridge.8": _page(
            "twistd-bridge", 8, "the TCP gateway itself", "\n".join(_of_twistd())
        ),
    }


def _page(name: str, section: int, about: str, text: str) -> str:
    return page(Title(name, section, about, __version__, DATE), text)


def _of_yaml() -> str:
    """The reference; what stands before its first section is the description."""
    _, rest = markdown().split("\n", 1)
    return f"## Description\n{rest}\n{_YAML_END}"


def _of_control() -> str:
    return manual(grammar(command_line()))


def _of_twistd() -> Iterator[str]:
    yield _TWISTD
    for long, short, *_, about in Options.optParameters:
        yield f"#### `--{long}` *FILE*, `-{short}` *FILE*\n\n{sentence(about or '')}\n"
    for long, _, about in Options.optFlags:
        yield f"#### `--{long}`\n\n{sentence(about or '')}\n"
    yield _REST


def main(folder: Path) -> None:
    """Write every page into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
