"""
What filters say and what becomes of it: short scripts that any driver has to obey.

``test_trial`` runs them over Trial; a driver of real sessions runs the same ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.filters import (
    About,
    Answers,
    Close,
    Dial,
    Drop,
    Filter,
    Pass,
    PassRest,
    Refuse,
    Reply,
    Secure,
    Send,
    Wait,
    Want,
)
from bridge.filters.splits import Step


class Seen(Filter):
    """Passes what it has seen."""

    def up(self, data: bytes, ended: bool) -> Answers:
        return (Pass(len(data)),) if data else ()

    down = up


class Shout(Filter):
    def up(self, data: bytes, ended: bool) -> Answers:
        return (Send(data.upper()),) if data else ()


class Lines(Filter):
    """Whole lines only, each in brackets; ``quit`` is not for the server."""

    def up(self, data: bytes, ended: bool) -> Answers:
        line, found, _ = data.partition(b"\n")
        if not found:
            return () if ended and not data else (Want(8, within=1.0),)
        if line == b"quit":
            return (Drop(len(line) + 1), Reply(b"bye\n"), Close())
        if line == b"raw":
            return (Drop(len(line) + 1), PassRest())
        return (Send(b"<", 0), Pass(len(line)), Send(b">", 0), Drop(1))


class Counted(Filter):
    """One digit says how many bytes follow; then ``.`` ends it."""

    def up(self, data: bytes, ended: bool) -> Answers:
        if not data:
            return ()
        if data[:1] == b".":
            return (Drop(1), Reply(b"ended"), Close())
        count = int(data[:1])
        return (Drop(1), Pass(count), Send(b"|", 0), Reply(b"ok "))


class Turns(Filter):
    """A question goes on when the one before has been answered, a line each."""

    open = False

    def up(self, data: bytes, ended: bool) -> Answers:
        if self.open:
            return (Wait(),)
        line, found, _ = data.partition(b"\n")
        if not found:
            return (Want(100),) if data else ()
        self.open = True
        return (Pass(len(line) + 1),)

    def down(self, data: bytes, ended: bool) -> Answers:
        line, found, _ = data.partition(b"\n")
        if not found:
            return (Want(100),) if data else ()
        self.open = False
        return (Pass(len(line) + 1),)


class Named(Filter):
    """The first line names the server; a server that goes is dialed anew."""

    reads_first = True
    name = ""

    def up(self, data: bytes, ended: bool) -> Answers:
        line, found, _ = data.partition(b"\n")
        if not found:
            return (Want(20),) if data else ()
        self.name = line.decode()
        return (Drop(len(line) + 1), Dial(self.name), Send(b"hello ", 0))

    def down(self, data: bytes, ended: bool) -> Answers:
        if ended:
            return (Pass(len(data)), Want(100))
        return (Pass(len(data)),)

    def lost(self, ending: str, reason: str) -> Answers:
        if self.name == "old":
            self.name = "new"
            return (Dial(self.name),)
        return (Refuse(ending, reason, b"no server\n"),)


class Guarded(Filter):
    """TLS when the client says so."""

    secures_later = True

    def up(self, data: bytes, ended: bool) -> Answers:
        if data == b"tls\n":
            return (Drop(4), Reply(b"go\n"), Secure())
        return (Pass(len(data)),) if data else ()

    def secured(self, about: About) -> Answers:
        super().secured(about)
        return (Reply(b"secure\n" if about.secure else b"clear\n"), PassRest())


class Polite(Filter):
    def drain(self) -> Answers:
        return (Reply(b"goodbye\n"), Close())


class Greets(Filter):
    """Speaks first to the server, and keeps what that answers to it."""

    asked = True

    def dialed(self) -> Answers:
        return (Reply(b"me\n"),)

    def down(self, data: bytes, ended: bool) -> Answers:
        line, found, _ = data.partition(b"\n")
        if not found:
            return (Want(100),) if data else ()
        if self.asked:
            self.asked = False
            return (Drop(len(line) + 1), PassRest())
        return (Refuse("error", "shown twice"),)

    def up(self, data: bytes, ended: bool) -> Answers:
        return (Wait(),) if self.asked else (PassRest(),)


class Denied(Filter):
    def down(self, data: bytes, ended: bool) -> Answers:
        return (Refuse("denied", "not that", b"no\n"),)


@dataclass(frozen=True)
class Script:
    """What is said, and what has come of it at its end; the fields are Outcome's."""

    makes: tuple[Callable[[About], Filter], ...]
    steps: tuple[Step, ...]
    to_client: bytes = b""
    to_servers: tuple[bytes, ...] = (b"",)
    ends: tuple[bool, bool] = (False, False)
    """The client, the server has been told the other's end."""
    dialed: tuple[str | None, ...] = ()
    secured: int | None = None
    ending: str = ""
    unreachable: tuple[str, ...] = ()
    cut: bool = field(default=True)
    """It may be cut anywhere."""


def up(data: bytes) -> Step:
    return ("up", data)


def down(data: bytes) -> Step:
    return ("down", data)


ENDED_UP, ENDED_DOWN = ("ended_up", b""), ("ended_down", b"")
LATE, DRAIN, LOST = ("late", b""), ("drain", b""), ("lost", b"")

SCRIPTS = {
    "the base passes all and both ends": Script(
        (Filter,),
        (up(b"ask"), ENDED_UP, down(b"answer"), ENDED_DOWN),
        b"answer", (b"ask",), (True, True), ending="done",
    ),
    "what is seen passes and so do both ends": Script(
        (Seen,),
        (down(b"answer"), ENDED_DOWN, up(b"ask"), ENDED_UP),
        b"answer", (b"ask",), (True, True), ending="done",
    ),
    "one direction is changed and the other not": Script(
        (Shout,), (up(b"hello"), down(b"hello")), b"hello", (b"HELLO",),
    ),
    "lines are waited for": Script(
        (Lines,), (up(b"one\ntwo\nth"),), b"", (b"<one><two>",),
    ),
    "the rest of what was shown passes with what follows": Script(
        (Lines,), (up(b"one\nraw\ntwo\nthree\n"), up(b"four")), b"",
        (b"<one>two\nthree\nfour",),
    ),
    "a close comes when all before is delivered": Script(
        (Lines,), (up(b"one\nquit\nmore\n"),), b"bye\n", (b"<one>",), ending="done",
    ),
    "too much is a bad header": Script(
        (Lines,), (up(b"eightbytes"),), ending="bad_header",
    ),
    "an end too soon is a bad header": Script(
        (Lines,), (up(b"one\ntw"), ENDED_UP), b"", (b"<one>",), ending="bad_header",
    ),
    "an end in its place is passed on": Script(
        (Lines,), (up(b"one\n"), ENDED_UP), b"", (b"<one>",), (False, True),
    ),
    "what does not come in time is a bad header": Script(
        (Lines,), (up(b"one\ntw"), LATE), b"", (b"<one>",), ending="bad_header",
    ),
    "what stands behind a pass comes when it is through": Script(
        (Counted,), (up(b"5he"), down(b"x"), up(b"llo0.")), b"xok ok ended",
        (b"hello||",), ending="done",
    ),
    "a pass that is cut short by the end takes along what stands behind it": Script(
        (Counted,), (up(b"9he"), ENDED_UP), b"", (b"he",), (False, True),
    ),
    "one direction waits for the other": Script(
        (Turns,), (up(b"a\nb\nc\n"), down(b"1\n")), b"1\n", (b"a\nb\n",),
    ),
    "an end waits as well": Script(
        (Turns,), (up(b"a\nb\n"), ENDED_UP, down(b"1\n2\n"), ENDED_DOWN),
        b"1\n2\n", (b"a\nb\n",), (True, True), ending="done",
    ),
    "a server is dialed when it is named": Script(
        (Named,), (up(b"one\ntwo\n"),), b"", (b"hello ", b"hello "),
        dialed=("one", "two"),
    ),
    "the same server is kept": Script(
        (Named,), (up(b"one\n"), down(b"1"), up(b"one\n"), down(b"2")), b"12",
        (b"hello hello ",), dialed=("one",),
    ),
    "a server that has ended is dialed anew": Script(
        (Named,), (up(b"one\n"), down(b"1"), ENDED_DOWN, up(b"one\n"), down(b"2")),
        b"12", (b"hello ", b"hello "), dialed=("one", "one"),
    ),
    "another one is dialed for one that is unreachable": Script(
        (Named,), (up(b"old\n"),), b"", (b"hello ",), dialed=("old", "new"),
        unreachable=("old",),
    ),
    "the client is told that there is none": Script(
        (Named,), (up(b"new\n"),), b"no server\n", (), dialed=("new",),
        ending="dial_failed", unreachable=("new",),
    ),
    "nobody is told if no filter cares": Script(
        (Seen,), (up(b"x"), LOST), b"", (b"x",), ending="back_reset",
    ),
    "a filter refuses in both directions": Script(
        (Denied,), (up(b"x"), down(b"y")), b"no\n", (b"x",), ending="denied",
    ),
    "tls begins where the filter says so": Script(
        (Guarded,), (up(b"tls\n"), up(b"hello"), down(b"x")), b"go\nsecure\nx",
        (b"hello",), secured=3, cut=False,
    ),
    "a filter that is told to be through is": Script(
        (Polite,), (up(b"x"), DRAIN), b"goodbye\n", (b"x",), ending="done",
    ),
    "a filter speaks to the server first": Script(
        (Greets,), (up(b"x"), down(b"hm\nhello"), up(b"y")), b"hello", (b"me\nxy",),
    ),
    "up goes through the first filter first": Script(
        (Lines, Shout), (up(b"a\nb\n"), down(b"c")), b"c", (b"<A><B>",),
    ),
    "down goes through the last filter first": Script(
        (Shout, Turns), (up(b"a\nb\n"), down(b"1\n2\n")), b"1\n2\n", (b"A\nB\n",),
    ),
    "an end goes through all": Script(
        (Seen, Lines, Seen), (up(b"a\n"), ENDED_UP, down(b"x"), ENDED_DOWN), b"x",
        (b"<a>",), (True, True), ending="done",
    ),
    "a reply of the second goes back through the first": Script(
        (Denied, Lines), (up(b"quit\n"),), b"no\n", (b"",), ending="denied",
    ),
    "tls of the first is for the second too": Script(
        (Guarded, Shout), (up(b"a"), up(b"tls\n"), up(b"b")), b"go\nsecure\n",
        (b"AB",), secured=3, cut=False,
    ),
}  # fmt: skip
