"""
bridgectl(1), its manual page, as Markdown made of the parser.

Not here: how Markdown becomes a page (``config.roff``), and the pages of others.
"""

from __future__ import annotations

from collections.abc import Iterator

from bridge.control.grammar import Argument, Command, Grammar

_DESCRIPTION = """\
`bridgectl` is what an operator talks to `bridge` with, the TCP gateway from IPv6
clients to IPv4 server farms. Some commands read a configuration and need no gateway;
the others ask a running one at its admin socket, which only the gateway's own user and
root may open.

Options stand behind their command.
"""

_END = """\
## Exit status

| status | means |
|---|---|
| 0 | It is done, or true. |
| 1 | It could not be done; one line on standard error says why, and the cure. |
| 2 | The command line is wrong. |
| 78 | The configuration is wrong (EX_CONFIG of sysexits.h). Every error is one line, \
`FILE:LINE:COLUMN: KEY: what is wrong, what would be right`. |

## Files

#### `/run/bridge/admin.sock`

The admin socket, unless the configuration's `admin.socket` names another; `--socket`
says so here.

#### `/etc/bridge/bridge.yaml`

Where the unit file has the configuration; see `bridge.yaml`(5).

## Environment

Variables that a configuration refers to as `${NAME}` are taken from the environment of
whoever checks it: a variable that is not set is an error.

## See also

`bridge.yaml`(5), `twistd-bridge`(8)
"""


def manual(grammar: Grammar) -> str:
    """The text of the page, from its synopsis on."""
    return "\n".join(_parts(grammar))


def _parts(grammar: Grammar) -> Iterator[str]:
    yield f"## Synopsis\n\n`bridgectl` {_words('COMMAND ...')}\n"
    yield f"## Description\n\n{_DESCRIPTION}"
    yield "## Options\n"
    for option in grammar.program.options:
        yield from _entry(option)
    yield "## Commands\n"
    for command in grammar.commands:
        yield from _command(command)
    yield _END


def _command(command: Command) -> Iterator[str]:
    yield f"### `{command.usage}`\n"
    yield f"{sentence(command.description or command.about)}\n"
    for each in command.arguments:
        if each.about and each.flags != ("-h", "--help"):
            yield from _entry(each)


def _entry(argument: Argument) -> Iterator[str]:
    value = f" {_words(argument.metavar)}" if argument.metavar else ""
    if argument.flags:
        tag = ", ".join(f"`{flag}`{value}" for flag in argument.flags)
    else:
        tag = value.strip()
    yield f"#### {tag}\n"
    about = argument.about
    if argument.choices and argument.metavar != "|".join(argument.choices):
        about += f": {', '.join(argument.choices)}"
    yield f"{sentence(about)}\n"


def sentence(text: str) -> str:
    """
    A line of help as one of prose.

    >>> sentence("print the JSON Schema"), sentence("It is so.")
    ('Print the JSON Schema.', 'It is so.')
    """
    text = f"{text[:1].upper()}{text[1:]}"
    return text if not text or text.endswith(".") else f"{text}."


def _words(text: str) -> str:
    return f"*{text}*"
