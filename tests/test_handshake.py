"""Handshakes, of the front and of the back, against Python's ssl."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable

import pytest
from OpenSSL import SSL
from twisted.internet.protocol import Protocol

from bridge.net.handshake import Handshake
from bridge.net.security import Security
from bridge.net.tlsinfo import tls_info
from tests.logged import logged
from tests.secured import (
    NAME,
    TLS_1_2,
    TLS_1_3,
    VERSIONS,
    Maker,
    accepting,
    dialing,
    pull,
)
from tests.sessions import reset


@VERSIONS
@pytest.mark.parametrize("ours", [accepting, dialing])
def test_a_handshake_on_either_side(
    make: Maker, version: ssl.TLSVersion, ours: Callable[[ssl.TLSVersion], Security]
) -> None:
    pair = make.shaken(ours(version))
    assert pair.stream.half_closes is (version is TLS_1_3)
    info = tls_info(pair.stream.connection)
    assert info.version == ("TLSv1.3" if version is TLS_1_3 else "TLSv1.2")
    agreed = pair.far.tls.cipher()
    assert agreed is not None
    assert info.cipher == agreed[0]
    if ours is accepting:
        assert (info.sni, info.subject) == (NAME, "")


@pytest.mark.parametrize(
    "ours", [accepting(TLS_1_3), dialing(TLS_1_2)], ids=["client", "server"]
)
def test_what_comes_with_the_handshakes_end_is_not_lost(
    make: Maker, ours: Security
) -> None:
    """Its Finished and its first bytes in one segment, from whoever comes last."""
    pair = make.pair(ours)
    pair.far.first = b"at once"
    pair.begin()
    pair.until(lambda: pair.outcome.told)
    assert pair.stream.pull() == 7
    assert pair.text[:7].tobytes() == b"at once"


def test_a_socket_that_was_read_to_its_end_is_not_asked_again(make: Maker) -> None:
    """Until there is more, as the pump tells."""
    pair = make.pair(accepting())
    pair.far.first = b"at once"
    pair.begin()
    pair.until(lambda: pair.outcome.told)
    assert pair.stream.pull() == 7 and pair.stream.drained
    pair.far.send(b"more")
    make.turner.until(lambda: not pair.stream.drained)
    assert pair.stream.pull() == 4


def test_a_handshake_byte_by_byte(make: Maker) -> None:
    pair = make.pair(accepting())
    pair.begin()
    pair.far.at_once = 1
    pair.until(lambda: pair.outcome.told)
    assert pair.outcome.told == ["secured"]


def test_urgent_data_does_not_stop_a_handshake(make: Maker) -> None:
    """recv(2) stops at the mark, with more behind it that no edge will tell of."""
    pair = make.pair(accepting())
    pair.far.at_once = 50
    pair.far.turn()
    pair.far.urge()
    pair.far.at_once = 1 << 16
    pair.far.turn()
    make.turner.settle()
    pair.begin()
    pair.until(lambda: pair.outcome.told)
    assert pair.outcome.told == ["secured"]


def test_tickets_wait_for_the_first_bytes(make: Maker) -> None:
    """Whatever the client sends while its server is dialed."""
    pair = make.pair(accepting())
    pair.begin()
    pair.until(lambda: pair.outcome.told)
    pair.far.send(b"a request")
    make.turner.settle()
    with pytest.raises(BlockingIOError):
        pair.far.raw.recv(1)
    assert pull(pair) == b"a request"
    pair.text[:6] = b"answer"
    pair.stream.push(6)
    assert len(pair.far.raw.recv(1000, socket.MSG_PEEK)) > 500
    pair.until(lambda: pair.far.received == b"answer")


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "http request"),
        (b"\x16\x03\x01\xff\xff" + b"x" * 100, "data length too long"),
        (b"SSH-2.0-OpenSSH_9\r\n", "the client does not speak TLS"),
    ],
)
def test_what_is_not_tls_is_named_in_one_line(
    make: Maker, sent: bytes, reason: str
) -> None:
    pair = make.pair(accepting())
    pair.far.raw.send(sent)
    pair.begin()
    make.turner.until(lambda: pair.outcome.told)
    assert pair.outcome.told == [reason]


def test_a_certificate_of_nobody_we_know_is_refused_with_an_alert(make: Maker) -> None:
    security = dialing()
    security.context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    security.context.set_verify(SSL.VERIFY_PEER)
    pair = make.pair(security)
    pair.begin()
    pair.until(lambda: pair.outcome.told)
    assert pair.outcome.told == ["certificate verify failed"]
    pair.stream.close()
    pair.until(lambda: pair.far.error)
    assert "alert unknown ca" in pair.far.error.lower().replace("_", " ")
    assert "reset" not in pair.far.seen, "it might overtake the alert"


def test_a_check_after_the_handshake_may_still_refuse(make: Maker) -> None:
    security = dialing()
    security.check = lambda connection: "it is somebody else"
    pair = make.pair(security)
    pair.begin()
    pair.until(lambda: pair.outcome.told)
    assert pair.outcome.told == ["it is somebody else"]
    assert not pair.stream.protected


@pytest.mark.parametrize("leave", ["fin", "reset"])
def test_who_leaves_in_mid_handshake_is_told_as_a_failure(
    make: Maker, leave: str
) -> None:
    pair = make.pair(accepting())
    pair.begin()
    pair.far.turn()
    make.turner.settle()
    if leave == "fin":
        pair.far.fin()
    else:
        reset(pair.far.raw)
    make.turner.until(lambda: pair.outcome.told)
    assert pair.outcome.told in (
        ["the connection ended during the handshake"],
        ["connection reset by peer"],
    )


def test_what_came_before_a_reset_is_heard(make: Maker) -> None:
    """An alert says why; that one comes before the hello is OpenSSL's complaint."""
    pair = make.pair(accepting())
    pair.begin()
    pair.far.raw.send(b"\x15\x03\x03\x00\x02\x02\x30")  # unknown_ca, fatal
    reset(pair.far.raw)
    make.turner.until(lambda: pair.outcome.told)
    assert pair.outcome.told == ["unexpected message"]


def test_nobody_is_told_after_a_close_in_mid_handshake(make: Maker) -> None:
    pair = make.pair(accepting())
    pair.begin()
    pair.stream.close()
    pair.settle()
    assert pair.outcome.told == []
    assert pair.stream.fd == -1


def test_a_turn_that_was_asked_for_before_a_close_does_nothing(make: Maker) -> None:
    pair = make.pair(accepting())
    handshake = Handshake(pair.stream, pair.outcome)
    handshake.begin()
    pair.far.turn()
    pair.stream.close()
    handshake.run()
    assert pair.outcome.told == []


def test_a_bug_in_a_handshake_is_a_failed_one(
    make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = make.pair(accepting())
    pair.begin()
    monkeypatch.setattr(Handshake, "_hear", None)
    with logged() as told:
        pair.far.turn()
        make.turner.until(lambda: pair.outcome.told)
    assert pair.outcome.told == ["a bug of the gateway"]
    assert told.tracebacks == 1


def test_a_bug_in_what_follows_ends_the_stream(
    make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: list[object] = []
    pair = make.pair(accepting())
    pair.stream.protocol = protocol = Protocol()
    monkeypatch.setattr(protocol, "connectionLost", lost.append)
    monkeypatch.setattr(pair.outcome, "secured", None)
    with logged() as told:
        pair.begin()
        pair.until(lambda: lost)
    assert told.tracebacks == 1
    assert pair.stream.fd == -1


def test_a_session_is_resumed_when_its_server_allows(make: Maker) -> None:
    security = dialing(resumes=True)
    for resumed in (False, True):
        pair = make.shaken(security)
        pair.far.send(b"x")
        assert pull(pair) == b"x"
        assert pair.far.tls.session_reused is resumed
        pair.stream.close()


def test_a_replaced_context_offers_no_session_of_the_old_one(make: Maker) -> None:
    security = dialing(resumes=True)
    pair = make.shaken(security)
    pair.far.send(b"x")
    pull(pair)
    security.replace(dialing().context)
    pair.stream.close()
    assert security.session is None
