"""
What ``bridgectl init`` asks in a terminal.

Here: the questions, and that each is asked until its answer can be.  Not here: what the
answers become (``init``).
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bridge.control.commands import CommandError
from bridge.control.init import MODES, Wanted, WrongAnswerError, complete

Check = Callable[[Wanted], object]
"""Raises WrongAnswerError."""


def asked(given: Wanted, check: Check) -> Wanted:
    """
    *given*, and by questions what it does not say.

    Raises CommandError if the answers end before the questions.
    """
    _say("A first configuration: Enter takes what stands in brackets.")
    questions = _Questions(given, check)
    if given.mode == Wanted.mode:
        for mode, about in MODES.items():
            _say(f"  {mode:<8}{about}")
        questions.ask("mode", "What comes in? [stream]", _mode)
    mode = questions.wanted.mode
    if mode in ("stream", "http") and not given.certificate:
        question = "A certificate to open TLS with, and its key's file? [none]"
        questions.ask("certificate", question, _certificate)
    if not given.listen:
        usual = " ".join(questions.wanted.listens)
        questions.ask("listen", f"Where do clients come in? [{usual}]", _words)
    if mode in ("sni", "http") and not given.host:
        questions.ask("host", "Which names do you serve? [all]", _words)
    questions.ask("server", "Which servers, such as 192.0.2.10:80?", _words)
    if not given.jumbo:
        questions.ask("jumbo", "Has their network an MTU of 9000? [no]", _yes)
    if given.access_log == Wanted.access_log:
        question = "A file for the access log? [-, standard output]"
        questions.ask("access_log", question, target_of)
    return questions.wanted


class _Questions:
    """Asks until an answer can be."""

    def __init__(self, wanted: Wanted, check: Check) -> None:
        self.wanted = wanted
        self._check = check

    def ask(self, field: str, question: str, read: Callable[[str], Any]) -> None:
        """
        *read* makes *field* of the answer, or several in a Mapping; its ValueError says
        why it cannot be.
        """
        while True:
            _say(question, end=" ")
            line = sys.stdin.readline()
            if not line:
                raise CommandError("the answers end here, nothing was written")
            try:
                value = read(line.strip())
                changes = value if isinstance(value, Mapping) else {field: value}
                new = replace(self.wanted, **changes)
                self._blame(field, new if field == "server" else complete(new))
            except ValueError as error:
                _say(f"  {error}")
            else:
                self.wanted = new
                return

    def _blame(self, field: str, wanted: Wanted) -> None:
        """Raises WrongAnswerError; what is wrong with others has its own question."""
        try:
            self._check(wanted)
        except WrongAnswerError as error:
            if error.field == field or (error.field, field) == ("key", "certificate"):
                raise


def _say(text: str, end: str = "\n") -> None:
    """Beside what may be redirected."""
    print(text, end=end, file=sys.stderr, flush=True)


def file_of(answer: str | None) -> str:
    """An absolute path; none of none."""
    return os.path.abspath(os.path.expanduser(answer)) if answer else ""


def target_of(answer: str | None) -> str:
    """Likewise, where words stand for what is no file."""
    return answer if answer in ("-", "off") else file_of(answer) or Wanted.access_log


def _certificate(answer: str) -> Mapping[str, str]:
    files = [file_of(word) for word in shlex.split(answer)]
    if len(files) > 2:
        raise ValueError("write one file, or two: CERTIFICATE KEY")
    return dict(zip(("certificate", "key"), [*files, "", ""], strict=False))


def _words(answer: str) -> tuple[str, ...]:
    return tuple(answer.replace(",", " ").split())


def _mode(answer: str) -> str:
    if answer and answer not in MODES:
        raise ValueError(f"{answer!r} is none of {', '.join(MODES)}")
    return answer or Wanted.mode


def _yes(answer: str) -> bool:
    if answer.lower() not in ("", "y", "yes", "n", "no"):
        raise ValueError("yes or no?")
    return answer.lower() in ("y", "yes")
