"""More of ``filter_scripts``: what several rules say of together."""

from __future__ import annotations

from bridge.filters import (
    Answers,
    Close,
    Dial,
    Drop,
    Filter,
    Pass,
    PassRest,
    Refuse,
    Reply,
    Send,
    Wait,
    Want,
)
from tests.filter_scripts import (
    DRAIN,
    ENDED_DOWN,
    ENDED_UP,
    LATE,
    LOST,
    Greets,
    Guarded,
    Lines,
    Named,
    Script,
    Seen,
    Shout,
    Turns,
    down,
    up,
)


class Patient(Filter):
    """Goes on when there is a server."""

    reads_first = True
    there = False

    def up(self, data: bytes, ended: bool) -> Answers:
        if not data:
            return ()
        return (Pass(len(data)),) if self.there else (Dial("one"), Wait())

    def dialed(self) -> Answers:
        self.there = True
        return ()


class Body(Filter):
    """Five bytes and no more; says goodbye when told to be through."""

    def up(self, data: bytes, ended: bool) -> Answers:
        return (Pass(5),) if data else ()

    def drain(self) -> Answers:
        return (Reply(b"bye"), Close())


class Asking(Filter):
    """A digit says how long a question is; one at a time is answered."""

    open = False

    def up(self, data: bytes, ended: bool) -> Answers:
        if not data:
            return ()
        if self.open:
            return (Wait(),)
        self.open = True
        return (Drop(1), Pass(int(data[:1])), Wait())

    def down(self, data: bytes, ended: bool) -> Answers:
        self.open = False
        return (Pass(len(data)),) if data else ()


class Polled(Filter):
    """The client is replied to when the server's four bytes are through, marked."""

    answered = False

    def up(self, data: bytes, ended: bool) -> Answers:
        if not data:
            return ()
        return (Reply(b"r"), Drop(1)) if self.answered else (Wait(),)

    def down(self, data: bytes, ended: bool) -> Answers:
        self.answered = True
        return (Pass(4), Send(b"|", 0)) if data else ()


class Fed(Filter):
    """The client waits for the server, and is refused with the first byte of that."""

    fed = False

    def up(self, data: bytes, ended: bool) -> Answers:
        if not data:
            return ()
        return (Refuse("denied", "", b"no"),) if self.fed else (Wait(),)

    def down(self, data: bytes, ended: bool) -> Answers:
        self.fed = True
        return (Pass(1),) if data else ()


class Last(Filter):
    """The server's answer has three bytes."""

    def down(self, data: bytes, ended: bool) -> Answers:
        return (Pass(3), Close()) if data else ()


class Marked(Filter):
    """A mark before all, said once; then whole words."""

    marked = False

    def up(self, data: bytes, ended: bool) -> Answers:
        mark = () if self.marked else (Send(b">", 0),)
        self.marked = True
        word, found, _ = data.partition(b" ")
        if found:
            return (*mark, Pass(len(word)), Drop(1))
        return (PassRest(),) if ended else (*mark, Want(9))


class Hasty(Filter):
    """What has not come in time goes as it is."""

    def up(self, data: bytes, ended: bool) -> Answers:
        return (Want(9, within=1.0),) if len(data) < 5 else (PassRest(),)

    def late(self) -> Answers:
        return (Send(b"late", 1),)


class Consoling(Turns):
    """A client whose server is lost hears of it."""

    def lost(self, ending: str, reason: str) -> Answers:
        return (Reply(b"gone"), Close())


class Again(Filter):
    """A server that has ended is dialed anew at once."""

    reads_first = True

    def up(self, data: bytes, ended: bool) -> Answers:
        return (Dial("one"), Pass(len(data))) if data else ()

    def down(self, data: bytes, ended: bool) -> Answers:
        if ended:
            return (Send(data + b";"), Dial("one"), Reply(b"again"))
        return (Pass(len(data)),)


class Stern(Filter):
    def up(self, data: bytes, ended: bool) -> Answers:
        return (Send(b"last", 0), Refuse("denied", "", b"no"))


class Loud(Filter):
    def down(self, data: bytes, ended: bool) -> Answers:
        return (Send(data.upper()),) if data else ()


class Between(Filter):
    """A reply in each direction, for each line."""

    def up(self, data: bytes, ended: bool) -> Answers:
        return (Reply(b"<" + data), Drop(len(data))) if data else ()

    def down(self, data: bytes, ended: bool) -> Answers:
        return (Reply(data + b">"), Drop(len(data))) if data else ()


EDGES = {
    "a wait is over when a server was dialed": Script(
        (Patient,), (up(b"ab"), down(b"x"), up(b"c")), b"x", (b"abc",),
        dialed=("one",),
    ),
    "an end waits for a dial": Script(
        (Patient,), (up(b"ab"), ENDED_UP, down(b"x")), b"x", (b"ab",), (False, True),
        dialed=("one",),
    ),
    "who is to be through is so behind what passes": Script(
        (Body,), (up(b"ab"), DRAIN, up(b"cdef")), b"bye", (b"abcde",), ending="done",
        cut=False,
    ),
    "what is answered while something passes need not be waited for": Script(
        (Asking,), (up(b"4ab"), down(b"x"), up(b"cd2ef3gh"), down(b"y"), up(b"i")),
        b"xy", (b"abcdefghi",), cut=False,
    ),
    "a wait is over when all that was answered is carried out": Script(
        (Polled,), (up(b"x"), down(b"ab"), down(b"cd")), b"abcd|r", (b"",),
    ),
    "nothing comes behind the reply to who is refused": Script(
        (Fed,), (up(b"x"), down(b"abc")), b"ano", (b"",), ending="denied",
    ),
    "a close waits for what passes": Script(
        (Last,), (down(b"ab"), down(b"cdef"), up(b"x")), b"abc", (b"",), ending="done",
    ),
    "what is sent before a want is sent once": Script(
        (Marked,), (up(b"ab cd "), up(b"ef")), b"", (b">abcd",),
    ),
    "what is wanted and then ends is passed": Script(
        (Marked,), (up(b"ab cd"), ENDED_UP), b"", (b">abcd",), (False, True),
    ),
    "what is late may be answered for": Script(
        (Hasty,), (up(b"abc"), LATE), b"", (b"late",),
    ),
    "what is left of it is shown again": Script(
        (Hasty,), (up(b"abc"), LATE, up(b"defg")), b"", (b"latebcdefg",),
    ),
    "a client that waits is told of a loss": Script(
        (Consoling,), (up(b"a\nb\n"), down(b"1"), LOST), b"gone", (b"a\n",),
        ending="done",
    ),
    "a server that ends may be dialed anew at once": Script(
        (Again,), (up(b"a"), down(b"1"), ENDED_DOWN, up(b"b"), down(b"2")), b"1;2",
        (b"a", b"againb"), dialed=("one", "one"),
    ),
    "a lost server is dialed anew": Script(
        (Named,), (up(b"old\n"), down(b"1"), LOST, up(b"one\n"), down(b"2")), b"12",
        (b"hello ", b"", b"hello "), dialed=("old", "new", "one"), cut=False,
    ),
    "what was sent before a refusal is lost or not, the reply is not": Script(
        (Stern,), (up(b"x"),), b"no", (b"last",), ending="denied",
    ),
    "a refusal of the second goes through the first": Script(
        (Loud, Stern), (up(b"x"),), b"NO", (b"last",), ending="denied",
    ),
    "a reply goes through those before it": Script(
        (Loud, Between), (up(b"a"), up(b"b")), b"<A<B", (b"",), cut=False,
    ),
    "a reply to the server goes through those behind it": Script(
        (Between, Shout), (down(b"a"), down(b"b")), b"", (b"A>B>",), cut=False,
    ),
    "the last is told of a server first": Script(
        (Greets, Greets), (down(b"hm\nhm\nhello"), up(b"x")), b"hello",
        (b"me\nme\nx",),
    ),
    "the second may begin tls": Script(
        (Seen, Guarded), (up(b"tls\n"), up(b"hello"), down(b"x")), b"go\nsecure\nx",
        (b"hello",), secured=3, cut=False,
    ),
    "the first passes all and the second nothing unseen": Script(
        (Filter, Lines, Shout), (up(b"a\nraw\nbc"), down(b"x")), b"x", (b"<A>BC",),
    ),
    "the server goes on when the client has ended": Script(
        (Seen,), (up(b"a"), ENDED_UP, down(b"1"), down(b"2"), ENDED_DOWN), b"12",
        (b"a",), (True, True), ending="done",
    ),
}  # fmt: skip
