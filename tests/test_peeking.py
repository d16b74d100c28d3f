"""Looking at what comes first, whatever is looked for."""

from __future__ import annotations

from socket import MSG_PEEK

from twisted.internet.protocol import Protocol

from bridge.net.stream import Stream
from bridge.session.peeking import Peeking
from tests.pumping import Turner, tcp_pair
from tests.sessions import reset


class Word(Peeking[bytes]):
    """A word with a full stop, which stays where it is."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream)
        self.heard: list[object] = []
        self.looks = 0

    def _find(self) -> bytes | None:
        self.looks += 1
        data = self._stream.socket.recv(100, MSG_PEEK)
        if not data.isalpha() and not data.endswith(b"."):
            raise ValueError("no word")
        return data if data.endswith(b".") else None

    def _found(self, found: bytes) -> None:
        self.heard.append(found)

    def _missed(self, error: ValueError) -> None:
        self.heard.append(str(error))

    def _broken(self, error: OSError) -> None:
        self.heard.append(type(error))


def test_it_looks_until_it_has_found_it_and_gives_the_stream_back(
    turner: Turner,
) -> None:
    ours, theirs = tcp_pair()
    stream = turner.stream(ours)
    stream.paused = True
    stream.open(Protocol())
    word = Word(stream)
    word.begin()
    assert word.heard == []
    for piece in (b"he", b"llo", b"."):
        theirs.sendall(piece)
        turner.settle()
    assert word.heard == [b"hello."]
    looks = word.looks
    theirs.sendall(b"more")
    turner.settle()
    assert (word.looks, stream.readable) == (looks, True)
    stream.abort()
    theirs.close()


def test_what_is_there_already_is_found_without_the_pump(turner: Turner) -> None:
    ours, theirs = tcp_pair()
    theirs.sendall(b"now.")
    word = Word(turner.stream(ours))
    word.begin()
    assert word.heard == [b"now."]
    ours.close()
    theirs.close()


def test_what_it_cannot_be_is_told_once(turner: Turner) -> None:
    ours, theirs = tcp_pair()
    word = Word(turner.stream(ours))
    word.begin()
    theirs.sendall(b"1")
    turner.settle()
    theirs.sendall(b"2")
    turner.settle()
    assert word.heard == ["no word"]
    ours.close()
    theirs.close()


def test_a_reset_that_a_look_meets_is_told(turner: Turner) -> None:
    ours, theirs = tcp_pair()
    stream = turner.stream(ours)
    reset(theirs)
    word = Word(stream)
    word.begin()
    assert word.heard == [ConnectionResetError]
    stream.abort()
