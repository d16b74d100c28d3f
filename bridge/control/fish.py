"""fish's completion of ``bridgectl``: a grammar in, a script out."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.control.grammar import Argument, Command, Grammar
from bridge.control.offers import Asking, Files, Names, Offer, Words, offered

_START = """\
# fish's completion of bridgectl, written by `bridgectl completion fish`.

function __bridgectl_names
    @ASK@ $argv[1] -- (commandline -opc) 2>/dev/null
end

function __bridgectl_first
    test (count (commandline -opc)) -eq 1
end

function __bridgectl_in
    set -l words (commandline -opc)
    test (count $words) -gt 1; and test $words[2] = $argv[1]
end

complete -c bridgectl -f
"""


def script(grammar: Grammar, asking: Asking) -> str:
    """What lies in fish's folder of completions, or is sourced."""
    return _START.replace("@ASK@", asking.command) + "\n".join(_lines(grammar)) + "\n"


def _lines(grammar: Grammar) -> Iterator[str]:
    first = "complete -c bridgectl -n __bridgectl_first"
    for option in grammar.program.options:
        yield f"{first}{_flags(option)}{_about(option.about)}"
    for command in grammar.commands:
        yield f"{first} -a {command.name}{_about(command.about)}"
        yield from _command(command)


def _command(command: Command) -> Iterator[str]:
    inside = f"complete -c bridgectl -n '__bridgectl_in {command.name}'"
    for option in command.options:
        value = _value(offered(option)) if option.metavar else ""
        takes = " -r" if option.metavar else ""
        yield f"{inside}{_flags(option)}{takes}{value}{_about(option.about)}"
    for place in command.places:
        value = _value(offered(place))
        if value:
            yield f"{inside}{value}"


def _flags(option: Argument) -> str:
    words = ""
    for flag in option.flags:
        kind = "-l" if flag.startswith("--") else "-s"
        words += f" {kind} {flag.lstrip('-')}"
    return words


def _value(offer: Offer) -> str:
    if isinstance(offer, Files):
        return " -F"
    if isinstance(offer, Words):
        return f" -f -a {_quoted(' '.join(offer.words))}"
    if isinstance(offer, Names):
        return f" -f -a {_quoted(f'(__bridgectl_names {offer.kind})')}"
    return ""


def _about(text: str) -> str:
    return f" -d {_quoted(text)}"


def _quoted(text: str) -> str:
    """As fish has it, whose single quotes know two escapes."""
    text = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"
