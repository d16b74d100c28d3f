"""Records in and out of memory, by two seals that talk to each other."""

from __future__ import annotations

import gc
import random
import weakref

import pytest
from OpenSSL import SSL

from bridge.net import seal as module
from bridge.net.seal import PIECE, SIZE, Channel, Seal, reason_of
from bridge.net.security import Security
from tests.secured import NAME, accepting, dialing

CHANNEL = Channel()
text, wire = CHANNEL.text, CHANNEL.wire


def shaken(
    client: Security | None = None, server: Security | None = None
) -> tuple[Seal, Seal]:
    """Both ends of a connection, its handshake and its tickets through."""
    ends = (
        Seal((client or dialing()).connection(), CHANNEL),
        Seal((server or accepting()).connection(), CHANNEL),
    )
    for _ in range(3):
        for one, other in (ends, ends[::-1]):
            try:
                one.connection.do_handshake()
            except SSL.WantReadError:
                pass
            size = one.take()
            for at in range(0, size, PIECE):
                other.feed(min(PIECE, size - at))
    for end in ends:
        assert end.unseal(0) == 0
    return ends


def put(data: bytes) -> int:
    text[: len(data)] = data
    return len(data)


@pytest.mark.parametrize("size", [1, PIECE, PIECE + 1, SIZE, SIZE + 2 * PIECE])
def test_what_is_sealed_is_unsealed(size: int) -> None:
    one, other = shaken()
    data = random.Random(size).randbytes(size)
    made = one.seal(put(data))
    assert made <= len(wire)
    sent, got, at = wire[:made].tobytes(), b"", 0
    while at < made:
        piece = sent[at : at + SIZE]
        wire[: len(piece)] = piece
        got += text[: other.unseal(len(piece))].tobytes()
        at += len(piece)
    assert got == data


def test_what_a_seal_knows_of_its_connection() -> None:
    client, server = shaken()
    assert client.version == server.version == SSL.TLS1_3_VERSION
    assert server.asked == NAME.encode()
    assert Seal(accepting().connection(), CHANNEL).asked == b""


def test_a_close_notify_in_mid_handshake_is_none_and_no_harm() -> None:
    """OpenSSL's complaint is not left for whoever asks next."""
    client = Seal(dialing().connection(), CHANNEL)
    assert not client.shake()
    client.take()
    client.shut()
    assert client.take() == 0
    one, other = shaken()
    assert other.unseal(one.seal(put(b"text"))) == 4


def test_both_ends_know_whether_a_session_was_resumed() -> None:
    client, server = dialing(resumes=True), accepting()
    first = shaken(client, server)
    assert [end.resumed for end in first] == [False, False]
    client.left(first[0].connection)
    assert [end.resumed for end in shaken(client, server)] == [True, True]


def test_an_incomplete_record_comes_out_with_the_rest_of_it() -> None:
    """The most that one call can give: SIZE bytes after nearly a whole record."""
    one, other = shaken()
    data = random.Random(1).randbytes(SIZE + PIECE)
    sent = wire[: one.seal(put(data))].tobytes()
    wire[: PIECE - 1] = sent[: PIECE - 1]
    assert other.unseal(PIECE - 1) == 0
    rest = sent[PIECE - 1 :][:SIZE]
    wire[: len(rest)] = rest
    got = other.unseal(len(rest))
    assert text[:got].tobytes() == data[:got]
    assert got > SIZE - PIECE


def test_close_notify_stops_it_without_a_failure() -> None:
    one, other = shaken()
    made = one.seal(put(b"last words"))
    words = wire[:made].tobytes()
    one.shut()
    made = one.take()
    sent = words + wire[:made].tobytes() + b"whatever follows is passed over"
    wire[: len(sent)] = sent
    assert text[: other.unseal(len(sent))].tobytes() == b"last words"
    assert other.stopped and other.failure is None
    with pytest.raises(SSL.Error):
        one.seal(1)


def test_what_came_before_a_forged_record_is_given_first() -> None:
    one, other = shaken()
    made = one.seal(put(b"genuine"))
    sent = wire[:made].tobytes() + b"\x17\x03\x03\x00\x20" + bytes(32)
    wire[: len(sent)] = sent
    assert text[: other.unseal(len(sent))].tobytes() == b"genuine"
    assert other.failure is not None
    assert reason_of(other.failure) == "decryption failed or bad record mac"


@pytest.mark.parametrize(
    "error", [SSL.Error(), SSL.Error([]), SSL.SysCallError(-1, "")]
)
def test_an_error_without_words_is_named_all_the_same(error: SSL.Error) -> None:
    assert reason_of(error) == "the handshake failed"


def test_a_failure_of_one_connection_is_not_seen_by_another() -> None:
    """OpenSSL keeps errors in a queue of the thread: none may stay there."""
    one, other = shaken()
    broken, _ = shaken()
    wire[:5] = b"\x99\x99\x99\x99\x99"
    broken.unseal(5)
    assert broken.failure is not None
    made = one.seal(put(b"x"))
    assert other.unseal(made) == 1
    assert not other.stopped


def test_a_failure_does_not_leave_its_connection_to_the_collector() -> None:
    """A traceback would refer to what failed."""
    gc.disable()
    try:
        broken, _ = shaken()
        gone = weakref.ref(broken.connection)
        wire[:5] = b"\x99\x99\x99\x99\x99"
        broken.unseal(5)
        assert broken.failure is not None
        del broken
        assert gone() is None
    finally:
        gc.enable()


def test_memory_of_one_connection_does_not_grow_with_what_it_carried() -> None:
    """OpenSSL's memory keeps its largest size: so it gets no more than a PIECE."""
    assert module.TEXT_ROOM >= SIZE + PIECE
    one, _ = shaken()
    largest = 0
    take = module._take

    def measured(*arguments: object) -> int:
        nonlocal largest
        size: int = take(*arguments)
        largest = max(largest, size)
        return size

    try:
        module._take = measured
        one.seal(SIZE)
    finally:
        module._take = take
    assert PIECE < largest <= PIECE + 256
