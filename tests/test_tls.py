"""How a TLS stream ends, in both versions, against Python's ssl."""

from __future__ import annotations

import gc
import ssl
import weakref

import pytest
from OpenSSL import SSL

from bridge.net.seal import SIZE
from bridge.net.tcpinfo import unacknowledged
from tests.secured import TLS_1_2, TLS_1_3, VERSIONS, Maker, Pair, accepting, pull
from tests.sessions import reset


def test_one_sided_close_notify_is_a_half_close_in_tls_1_3(make: Maker) -> None:
    pair = make.shaken(accepting(TLS_1_3))
    pair.far.send(b"question")
    pair.far.notify()
    assert pull(pair) == b"question"
    assert pull(pair) == b""
    pair.text[:6] = b"answer"
    assert pair.stream.push(6) == 0
    pair.until(lambda: pair.far.received == b"answer")
    assert pair.far.seen == []


def test_our_end_is_a_close_notify_without_fin_and_we_read_on(make: Maker) -> None:
    pair = make.shaken(accepting(TLS_1_3))
    pair.stream.end()
    pair.until(lambda: pair.far.seen)
    pair.settle()
    assert pair.far.seen == ["close_notify"]
    pair.far.send(b"still here")
    assert pull(pair) == b"still here"


def test_close_notify_is_answered_in_tls_1_2_and_nothing_is_sent_any_more(
    make: Maker,
) -> None:
    """RFC 5246, section 7.2.1: it closes both directions."""
    pair = make.shaken(accepting(TLS_1_2))
    pair.far.notify()
    assert pull(pair) == b""
    pair.until(lambda: pair.far.seen == ["close_notify"])
    with pytest.raises(BrokenPipeError):
        pair.stream.push(1)


@VERSIONS
def test_a_fin_without_close_notify_is_no_end(
    make: Maker, version: ssl.TLSVersion
) -> None:
    pair = make.shaken(accepting(version))
    pair.far.send(b"half of")
    pair.far.fin()
    assert pull(pair) == b"half of"
    with pytest.raises(ConnectionResetError, match="without close_notify"):
        pull(pair)


@pytest.mark.parametrize("leave", ["fin", "reset"])
def test_a_reset_that_sending_has_met_is_no_parting(make: Maker, leave: str) -> None:
    """The kernel tells of a reset once; to whoever reads after that it is a FIN."""
    pair = make.shaken(accepting(TLS_1_3))
    if leave == "reset":
        reset(pair.far.raw)
        pair.stream.end()
    else:
        pair.stream.end()
        pair.far.fin()
    with pytest.raises(ConnectionResetError):
        while pair.stream.pull():
            pass
    assert pair.stream.parted is (leave == "fin")


def test_closing_sends_close_notify_and_fin(make: Maker) -> None:
    pair = make.shaken()
    pair.stream.close()
    pair.until(lambda: "fin" in pair.far.seen)
    assert pair.far.seen == ["close_notify", "fin"]


def stall(pair: Pair) -> None:
    """Send until the kernel takes no more."""
    pair.far.paused = True
    while not pair.stream.push(SIZE):
        pass


def test_closing_waits_until_the_kernel_has_taken_all(make: Maker) -> None:
    pair = make.shaken()
    stall(pair)
    pair.stream.close()
    assert pair.stream.fd >= 0
    pair.far.paused = False
    pair.until(lambda: "fin" in pair.far.seen)
    assert pair.far.seen == ["close_notify", "fin"]
    assert pair.stream.fd == -1
    assert make.turner.reactor.getDelayedCalls() == []


def test_closing_waits_no_longer_than_it_may(make: Maker) -> None:
    """Twisted's own waits for ever when nobody answers (twisted#7926)."""
    pair = make.shaken()
    stall(pair)
    pair.stream.close()
    make.turner.reactor.advance(5.1)
    assert pair.stream.fd == -1
    pair.far.paused = False
    pair.until(lambda: "reset" in pair.far.seen)


def test_closing_waits_while_the_other_end_takes_bytes(make: Maker) -> None:
    pair = make.shaken()
    stall(pair)
    stream, clock = pair.stream, make.turner.reactor
    stream.close()
    for _ in range(4):
        clock.advance(4)
        before = unacknowledged(stream.socket)
        while unacknowledged(stream.socket) == before:
            assert pair.far.raw.recv(1 << 16)
    assert stream.fd >= 0, "three times as long as it may without"
    clock.pump([0.5] * 12)
    assert stream.fd == -1


def test_who_never_answers_close_notify_does_not_keep_us(make: Maker) -> None:
    pair = make.shaken(accepting(TLS_1_2))
    pair.far.paused = True
    pair.stream.close()
    assert pair.stream.fd == -1
    assert make.turner.reactor.getDelayedCalls() == []


def test_aborting_is_a_reset_without_close_notify(make: Maker) -> None:
    pair = make.shaken()
    pair.settle()
    pair.stream.abort()
    pair.until(lambda: pair.far.seen)
    assert pair.far.seen == ["reset"]


def test_a_reset_while_closing_ends_the_wait(make: Maker) -> None:
    pair = make.shaken()
    stall(pair)
    pair.stream.close()
    reset(pair.far.raw)
    make.turner.until(lambda: pair.stream.fd == -1)


def test_renegotiation_is_refused(make: Maker) -> None:
    """
    OpenSSL's client can ask for it; ours must go on as if nothing had been said, and
    say no (RFC 5746, section 4.5; CVE-2011-1473 is what it costs to say yes).
    """
    pair = make.pair(accepting(TLS_1_2))
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    client = SSL.Connection(context, None)
    client.set_connect_state()
    far = pair.far.raw

    def turn() -> bool:
        for step in (lambda: client.bio_write(far.recv(65536)), client.do_handshake):
            try:
                step()
            except (BlockingIOError, SSL.WantReadError):
                pass
        try:
            far.send(client.bio_read(65536))
        except SSL.WantReadError:
            pass
        return bool(pair.outcome.told)

    pair.begin()
    make.turner.until(turn)
    turn()
    assert client.renegotiate()
    refused: list[SSL.Error] = []

    def said_no() -> bool:
        pair.stream.pull()
        try:
            turn()
        except SSL.Error as error:
            refused.append(error)
        return bool(refused)

    make.turner.until(said_no)
    assert "no renegotiation" in str(refused[0])
    assert client.total_renegotiations() <= 1


def test_nothing_of_a_closed_stream_is_left_for_the_collector(make: Maker) -> None:
    pair = make.shaken()
    gone = weakref.ref(pair.stream.connection)
    gc.disable()
    try:
        pair.stream.close()
        make.made.remove(pair)
        pair.far.close()
        del pair
        assert gone() is None
    finally:
        gc.enable()
