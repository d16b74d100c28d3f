"""
``mode: ftp``: data connections for clients that are not of the server's family.

Here: what becomes of each command and reply.  A client's EPSV becomes PASV towards an
IPv4 server, and 227 becomes 229; its EPRT becomes PORT (RFC 6384, sections 4 to 6); and
likewise for clients of either family and servers of either.  Both ends then connect to
the gateway: a data connection is ``met`` and relayed as a session of its own.
Everything else passes byte for byte.  Not here: what stands in a line
(``wire.ftp_lines``, ``wire.ftp_addresses``), and how a connection is met
(``session.meeting``).

A command that we answer for ourselves becomes NOOP towards the server, whose reply then
becomes ours (section 12): replies stay in the commands' order, however many of these
were sent at once, and the server's clock runs on as the client's does.
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.filters.about import About
from bridge.filters.answers import (
    Answer,
    Answers,
    Close,
    Drop,
    Meet,
    Pass,
    PassRest,
    Refuse,
    Reply,
    Send,
    Wait,
    Want,
)
from bridge.filters.filter import Filter
from bridge.filters.ftp_awaited import PASSIVE, Awaited, Telling
from bridge.wire.ftp_addresses import (
    LEAST_PORT,
    FtpError,
    active,
    extended_passive_at,
    passive_at,
    read_eprt,
    read_epsv,
    read_passive,
    read_port,
)
from bridge.wire.ftp_lines import (
    MAX_LINE,
    MAX_REPLY,
    Command,
    bare_verb,
    ends,
    has_hidden_end,
    read_command,
    read_reply,
)
from bridge.wire.ftp_lines import Reply as ServerReply
from bridge.wire.ftp_lines import start_of as start_of_reply

COMES = 30.0
"""Seconds that a client has to come for its data (RFC 6384, section 12)."""

IS_SENT = 60.0
"""
Seconds that a server has, where the client listens: it comes with the next command that
moves data, and a person may be typing that.
"""

TLS_BEGINS = (234, 334)
"""
Replies to AUTH after which the control connection is protected, or about to be
(RFC 4217, section 4; RFC 2228, section 3).
"""


class FtpFilter(Filter):
    """Of one control connection."""

    def __init__(self, about: About) -> None:
        super().__init__(about)
        self._family = 6 if ":" in about.client[0] else 4
        self._awaited = Awaited()
        self._translates = True
        self._only_epsv = False
        self._authenticates = False
        """AUTH was sent: one of TLS_BEGINS may come."""
        self._through = False
        """Nothing can be read any more."""
        self._inside = 0
        """The code of the reply of several lines that is being passed on; 0: none."""
        self._drains = False
        self._shown = 0
        """Bytes of what a Meet was answered to."""
        self._active = False
        """It was to a command, and not to a reply."""
        self._asked: Telling = extended_passive_at

    # What the client sends

    def up(self, data: bytes, ended: bool) -> Answers:
        if self._through:
            return (PassRest(),)
        at = 0
        while end := data.find(b"\n", at) + 1:
            answers = self._command(data[at:end])
            if answers is not None:
                return (*_passing(at), *answers)
            at = end
        left = len(data) - at
        if left >= MAX_LINE:
            why = f"a command of {MAX_LINE} bytes or more"
            said = b"500 Command line too long.\r\n"
            return (*_passing(at), Refuse("bad_header", why, said))
        if left and ended:
            # Some servers take the end for that of a line.
            harmless = read_command(data[at:]).verb not in self._COMMANDS
            return (*_passing(at), Pass(left) if harmless else Drop(left))
        return _passing(at) or ((Want(MAX_LINE),) if left else ())

    def _command(self, line: bytes) -> Answers | None:
        """What becomes of *line*; None: it passes."""
        command = read_command(line)
        said = b""
        if has_hidden_end(line):
            said = b"500 A command ends with CR LF, and nothing within it does.\r\n"
        elif (does := self._COMMANDS.get(command.verb)) is not None:
            if self._awaited.full:
                return (Wait(),)
            try:
                return does(self, command, line)
            except FtpError as error:
                said = f"{error.code} {error}.\r\n".encode("ascii")
        elif bare_verb(line) in self._COMMANDS:
            said = b"500 A command has nothing of Telnet within.\r\n"
        if said:
            return (Wait(),) if self._awaited.full else self._say(said, line)
        self._awaited.one_that_passes()
        return None

    def _say(self, reply: bytes, line: bytes) -> Answers:
        """Have *reply* be the one to *line*."""
        self._awaited.add(reply)
        return (Send(b"NOOP\r\n", len(line)),)

    def _epsv(self, command: Command, line: bytes) -> Answers | None:
        if command.argument.upper() == b"ALL":
            self._only_epsv = True
            return self._say(b"200 EPSV ALL command successful.\r\n", line)
        read_epsv(command.argument, self._family)
        if not self._translates:
            self._awaited.add(_untouched)
            return None
        return self._ask(extended_passive_at, line)

    def _pasv(self, command: Command, line: bytes) -> Answers:
        self._require_ip4("PASV", "EPSV")
        return self._ask(passive_at, line)

    def _ask(self, reply: Telling, line: bytes) -> Answers:
        """Ask the server where it listens."""
        self._awaited.add(reply)
        verb = b"EPSV\r\n" if ":" in self.server[0] else b"PASV\r\n"
        return (Send(verb, len(line)),)

    def _eprt(self, command: Command, line: bytes) -> Answers | None:
        self._refuse_if_only_epsv()
        host, port = read_eprt(command.argument, self._family)
        self._refuse_bounce(host, port)
        if not self._translates:
            self._awaited.one_that_passes()
            return None
        return self._connect(port, line)

    def _port(self, command: Command, line: bytes) -> Answers:
        self._require_ip4("PORT", "EPRT")
        host, port = read_port(command.argument)
        self._refuse_bounce(host, port)
        return self._connect(port, line)

    def _connect(self, port: int, line: bytes) -> Answers:
        """Have the server come to us, for the client's *port*."""
        self._shown, self._active = len(line), True
        return (Meet("back", port, IS_SENT),)

    def _require_ip4(self, verb: str, instead: str) -> None:
        self._refuse_if_only_epsv()
        if self._family != 4:
            raise FtpError(502, f"{verb} knows no IPv6, use {instead}")

    def _refuse_if_only_epsv(self) -> None:
        if self._only_epsv:
            raise FtpError(501, "EPSV ALL was said, and nothing but EPSV can follow")

    def _refuse_bounce(self, host: str, port: int) -> None:
        """To nobody but the client, and to no service of its (RFC 2577, section 3)."""
        if host != self.about.client[0].partition("%")[0]:
            raise FtpError(504, "Data connections go to the client's own address")
        if port < LEAST_PORT:
            raise FtpError(504, f"Data connections go to ports from {LEAST_PORT} on")

    def _other_passive(self, command: Command, line: bytes) -> Answers:
        verb = command.verb.decode("ascii")
        raise FtpError(502, f"{verb} is not relayed here, use EPSV or EPRT")

    def _algs(self, command: Command, line: bytes) -> Answers:
        argument = command.argument.upper()
        if argument in (b"ENABLE64", b"DISABLE64"):
            self._translates = argument == b"ENABLE64"
        elif argument != b"STATUS64":
            raise FtpError(504, "ALGS takes STATUS64, ENABLE64 or DISABLE64")
        what = b"EPSV EPRT" if self._translates else b"NONE"
        return self._say(b"216 " + what + b"\r\n", line)

    def _auth(self, command: Command, line: bytes) -> None:
        self._authenticates = True
        self._awaited.one_that_passes()

    def _rein(self, command: Command, line: bytes) -> None:
        self._only_epsv = False
        self._awaited.one_that_passes()

    def _abor(self, command: Command, line: bytes) -> None:
        """
        With a transfer to abort, some servers send two replies and some send one: what
        comes too early is put right by ``_find_passive``, what never comes would not.
        """
        if not self._awaited:
            self._awaited.one_that_passes()

    _COMMANDS: dict[bytes, Callable[[FtpFilter, Command, bytes], Answers | None]] = {
        b"EPSV": _epsv, b"PASV": _pasv, b"EPRT": _eprt, b"PORT": _port,
        b"ALGS": _algs, b"AUTH": _auth, b"REIN": _rein, b"ABOR": _abor,
        b"LPRT": _other_passive, b"LPSV": _other_passive, b"SPSV": _other_passive,
        b"CPSV": _other_passive,
    }  # fmt: skip

    # What the server sends

    def down(self, data: bytes, ended: bool) -> Answers:
        if self._through:
            return (PassRest(),)
        if self._inside:
            at = self._rest_of_long(data, 0)
            if not self._inside:
                return self._passed(at)
        else:
            at = 0
            while (reply := read_reply(data, at)) is not None:
                answers = self._replied(reply, data[at : at + reply.length])
                if answers is not None:
                    return (*_passing(at), *answers)
                at += reply.length
            if len(data) - at >= MAX_REPLY:
                at = self._begin_long(data, at)
        left = len(data) - at
        if left and ended:
            return _passing(len(data))
        if left >= MAX_REPLY:
            why = f"a line of a reply of {MAX_REPLY} bytes or more"
            return (*_passing(at), Refuse("bad_header", why))
        return self._passed(at) or ((Want(MAX_REPLY),) if left else ())

    def _passed(self, count: int) -> Answers:
        """So much passes; and if that was all there is to wait for, we may stop."""
        if self._drains and not self._awaited and not self._inside:
            return (*_passing(count), Send(BYE, 0), Close())
        return _passing(count)

    def _begin_long(self, data: bytes, at: int) -> int:
        """One that is too long to be seen whole: where its lines that have come end."""
        code, goes_on = start_of_reply(data[at : data.find(b"\n", at) + 1])
        if not goes_on:
            return at
        self._inside = code
        return self._rest_of_long(data, at)

    def _rest_of_long(self, data: bytes, at: int) -> int:
        """The same of what follows from *at* on."""
        while end := data.find(b"\n", at) + 1:
            line, at = data[at:end], end
            if ends(line, self._inside):
                self._awaited.came(self._inside)
                self._inside = 0
                break
        return at

    def _replied(self, reply: ServerReply, text: bytes) -> Answers | None:
        """What becomes of *reply*, which reads *text*; None: it passes."""
        code = reply.code
        if self._authenticates and code in TLS_BEGINS:
            self._through = True
            return (Pass(reply.length), PassRest())
        becomes = self._awaited.came(code)
        if becomes is None:
            return None
        if isinstance(becomes, bytes):
            return (Send(becomes, reply.length),)
        if code >= FAILED or becomes is _untouched:  # the client has asked for that
            return None
        port = read_passive(text, code) if code in PASSIVE else None
        if port is None:
            said = b"425 The server names no port to connect to.\r\n"
            return (Send(said, reply.length),)
        self._asked, self._shown, self._active = becomes, reply.length, False
        return (Meet("front", port, COMES),)

    # What the session tells

    def met(self, where: tuple[str, int] | None, reason: str) -> Answers:
        refusal = f"425 Can't open a data connection: {reason}.\r\n".encode("ascii")
        if not self._active:
            said = refusal if where is None else self._asked(where)
            return (Send(said, self._shown),)
        if where is None:
            self._awaited.add(refusal)
            return (Send(b"NOOP\r\n", self._shown),)
        self._awaited.one_that_passes()
        return (Send(active(*where), self._shown),)

    def lost(self, ending: str, reason: str) -> Answers:
        if self.server[0]:  # in the middle of something: a reset says so
            return ()
        return (Refuse(ending, reason, b"421 No server is available.\r\n"),)

    def drain(self) -> Answers:
        if self._through:
            return ()
        if self._awaited:  # a transfer, say, whose end is to be told first
            self._drains = True
            return ()
        return (Reply(BYE), Close())


BYE = b"421 Service is going down, the connection is closed.\r\n"

FAILED = 400
"""Codes from which on a command has failed."""


def _untouched(where: tuple[str, int]) -> bytes:
    """For who wants the server's own word: never called."""
    raise NotImplementedError


def _passing(count: int) -> tuple[Answer, ...]:
    return (Pass(count),) if count else ()
