"""zsh's completion of ``bridgectl``: a grammar in, a script out."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from bridge.control.grammar import Argument, Command, Grammar
from bridge.control.offers import Asking, Files, Names, Offer, Words, offered

_SCRIPT = """\
#compdef bridgectl
# zsh's completion of bridgectl, written by `bridgectl completion zsh`.

_bridgectl_names() {
    local -a found
    found=(${(f)"$(@ASK@ $1 -- $words 2>/dev/null)"})
    compadd -a found
}

_bridgectl_words() {
    compadd -- "$@"
}

_bridgectl() {
    local curcontext=$curcontext state line ret=1
    typeset -A opt_args
    _arguments -C @PROGRAM@ '1:command:->command' '*::argument:->argument' && ret=0
    case $state in
    command)
        local -a commands
        commands=(
@COMMANDS@
        )
        _describe -t commands command commands && ret=0
        ;;
    argument)
        case $words[1] in
@CASES@
        esac
        ;;
    esac
    return ret
}

if [[ $funcstack[1] == _bridgectl ]]; then
    _bridgectl "$@"
else
    compdef _bridgectl bridgectl
fi
"""


def script(grammar: Grammar, asking: Asking) -> str:
    """What lies in ``$fpath`` as ``_bridgectl``, or is sourced."""
    commands = "\n".join(
        f"            {quote(f'{_plain(each.name)}:{each.about}')}"
        for each in grammar.commands
    )
    cases = "\n".join(line for each in grammar.commands for line in _case(each))
    program = " ".join(
        spec for option in grammar.program.options for spec in _option(option)
    )
    return (
        _SCRIPT.replace("@ASK@", asking.command)
        .replace("@PROGRAM@", program)
        .replace("@COMMANDS@", commands)
        .replace("@CASES@", cases)
    )


def _case(command: Command) -> Iterator[str]:
    yield f"        {command.name})"
    specs = [spec for option in command.options for spec in _option(option)]
    for number, place in enumerate(command.places, 1):
        where = "*" if place.many else str(number)
        optional = "" if place.required or place.many else ":"
        specs.append(
            quote(
                f"{where}:{optional}{_plain(place.metavar)}:{_action(offered(place))}"
            )
        )
    yield " \\\n                ".join(["            _arguments", *specs, "&& ret=0"])
    yield "            ;;"


def _option(option: Argument) -> Iterator[str]:
    """One for each of its flags; with ``=`` a value may stand behind that as well."""
    again = "*" if option.many else ""
    for flag in option.flags:
        spec = f"{again}{flag}[{_plain(option.about)}]"
        if option.metavar:
            equals = "=" if flag.startswith("--") else ""
            about = f"[{_plain(option.about)}]"
            value = f":{_plain(option.metavar)}:{_action(offered(option))}"
            spec = f"{again}{flag}{equals}{about}{value}"
        yield quote(spec)


def _action(offer: Offer) -> str:
    """What offers values.  The space before a function keeps its words as they are."""
    if isinstance(offer, Files):
        return "_files"
    if isinstance(offer, Words):
        return f" _bridgectl_words {' '.join(map(quote, offer.words))}"
    return f" _bridgectl_names {offer.kind}" if isinstance(offer, Names) else ""


def _plain(text: str) -> str:
    """Without what has a meaning in a specification of _arguments."""
    for each in "\\:[]":
        text = text.replace(each, f"\\{each}")
    return text
