"""bash's completion of ``bridgectl``: a grammar in, a script out."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from bridge.control.grammar import Command, Grammar
from bridge.control.offers import Asking, Files, Names, Offer, Words, offered

_SCRIPT = """\
# bash's completion of bridgectl, written by `bridgectl completion bash`.

_bridgectl_offer() {  # what a place takes, as a kind and its words; the word so far
    local cur=$2 each
    local -a found=()
    case ${1%%:*} in
    files) compopt -o default; return ;;
    words) read -ra found <<<"${1#*:}" ;;
    names) mapfile -t found < <(@ASK@ "${1#*:}" -- "${words[@]}" 2>/dev/null) ;;
    esac
    # What readline replaces begins behind its last break, such as a colon.
    local kept=${cur##*[${COMP_WORDBREAKS//[^:=]/}]}
    local cut=${cur%"$kept"}
    for each in "${found[@]}"; do
        [[ $each == "$cur"* ]] && COMPREPLY+=("${each#"$cut"}")
    done
}

_bridgectl() {
    local line=${COMP_LINE:0:COMP_POINT} expects= place=0 i
    local -a words=() flags=() places=()
    local -A values=()
    COMPREPLY=()
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    local cur=${words[-1]}
    if ((${#words[@]} <= 2)); then
        _bridgectl_offer @FIRST@ "$cur"
        return
    fi
    case ${words[1]} in
@CASES@
    *) return ;;
    esac
    for ((i = 2; i < ${#words[@]} - 1; i++)); do
        if [[ -n $expects ]]; then
            expects=
        elif [[ ${words[i]} == -* ]]; then
            expects=${values[${words[i]}]}
        else
            ((place++))
        fi
    done
    if [[ -n $expects ]]; then
        _bridgectl_offer "$expects" "$cur"
    elif [[ $cur == --*=* ]]; then
        _bridgectl_offer "${values[${cur%%=*}]:-none:}" "${cur#*=}"
    elif [[ $cur == -* ]]; then
        _bridgectl_offer "words:${flags[*]}" "$cur"
    elif ((${#places[@]})); then
        ((place < ${#places[@]})) || [[ -n $last ]] && place=$((
            place < ${#places[@]} ? place : ${#places[@]} - 1))
        _bridgectl_offer "${places[place]:-none:}" "$cur"
    fi
}

complete -F _bridgectl bridgectl
"""


def script(grammar: Grammar, asking: Asking) -> str:
    """What ``source`` takes."""
    first = " ".join(
        [each.name for each in grammar.commands]
        + [flag for option in grammar.program.options for flag in option.flags]
    )
    cases = "\n".join(line for each in grammar.commands for line in _case(each))
    return (
        _SCRIPT.replace("@ASK@", asking.command)
        .replace("@FIRST@", quote(f"words:{first}"))
        .replace("@CASES@", cases)
    )


def _case(command: Command) -> Iterator[str]:
    yield f"    {command.name})"
    flags = [flag for option in command.options for flag in option.flags]
    yield f"        flags=({' '.join(flags)})"
    for option in command.options:
        for flag in option.flags if option.metavar else ():
            yield f"        values[{flag}]={_kind(offered(option))}"
    places = [_kind(offered(each)) for each in command.places]
    yield f"        places=({' '.join(places)})"
    many = bool(command.places and command.places[-1].many)
    yield f"        local last={'many' if many else ''}"
    yield "        ;;"


def _kind(offer: Offer) -> str:
    if isinstance(offer, Files):
        return "files:"
    if isinstance(offer, Words):
        return quote(f"words:{' '.join(offer.words)}")
    return f"names:{offer.kind}" if isinstance(offer, Names) else "none:"
