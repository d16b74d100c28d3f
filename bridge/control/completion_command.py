"""``bridgectl completion SHELL``: the script with which a shell completes its lines."""

from __future__ import annotations

import argparse
import sys

from bridge.control import bash, fish, zsh
from bridge.control.commands import DONE, Commands
from bridge.control.grammar import grammar
from bridge.control.offers import Asking

SHELLS = {"bash": bash.script, "zsh": zsh.script, "fish": fish.script}


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "completion",
        help="print what a shell completes bridgectl's command lines with",
        description="For this shell: source <(bridgectl completion bash). For good: "
        "write it to /etc/bash_completion.d/bridgectl, to _bridgectl in a folder of "
        "zsh's fpath, or to ~/.config/fish/completions/bridgectl.fish. Names of "
        "servers, farms, fronts and sessions are asked of the running gateway.",
    )
    parser.set_defaults(run=run, parser=parser)
    parser.add_argument(
        "shell", metavar="SHELL", choices=tuple(SHELLS), help="bash, zsh or fish"
    )


def run(options: argparse.Namespace) -> int:
    """``whole`` makes the parser of all commands, which the scripts are about."""
    make = SHELLS[options.shell]
    print(make(grammar(options.whole()), Asking(sys.executable)), end="")
    return DONE
