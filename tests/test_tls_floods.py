"""What a TLS client may ask for without end, and what it gets for it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.net import sealed
from bridge.net.seal import ASIDES, READS
from bridge.net.security import Security
from tests.records import (
    DATA,
    HANDSHAKE,
    OldRecords,
    Records,
    client_secret,
    master_secret,
)
from tests.secured import TLS_1_2, Far, Maker, Pair, accepting, client_context, pull
from tests.test_session_tls import Gateway


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the clients of this test write their secrets."""
    file = tmp_path / "keys"
    monkeypatch.setattr(client_context(), "keylog_filename", str(file))
    return file


def security() -> Security:
    """Whose records ``Records`` can make."""
    made = accepting()
    made.context.set_tls13_ciphersuites(b"TLS_AES_128_GCM_SHA256")
    return made


def shaken(make: Maker, keys: Path) -> tuple[Pair, Records]:
    pair = make.shaken(security())
    return pair, Records(client_secret(keys))


def updates(records: Records, count: int, *, asking: bool = True) -> bytes:
    return b"".join(records.key_update(asking=asking) for _ in range(count))


def pulls(pair: Pair, data: bytes) -> bytes:
    """What ``pull`` gives for *data*, until there is nothing more."""
    got, stream = b"", pair.stream
    while True:
        data = data[sent(pair.far.raw, data) :]
        if (size := stream.pull()) > 0:
            got += pair.text[:size].tobytes()
        elif stream.drained and not data:
            return got


# Key updates


@pytest.mark.parametrize("asking", [True, False])
def test_key_updates_without_end_are_a_flood(
    make: Maker, keys: Path, asking: bool
) -> None:
    pair, records = shaken(make, keys)
    flood = updates(records, 2 * sealed.ASIDES + 3 * ASIDES, asking=asking)
    with pytest.raises(ConnectionResetError, match="too many TLS records"):
        pulls(pair, flood)
    assert pair.stream.fault == sealed.FLOOD


def test_a_byte_of_data_now_and_then_does_not_hide_a_flood(
    make: Maker, keys: Path
) -> None:
    pair, records = shaken(make, keys)
    flood = b"".join(
        updates(records, 20) + records.data(b"x") for _ in range(sealed.ASIDES // 8)
    )
    with pytest.raises(ConnectionResetError, match="too many TLS records"):
        pulls(pair, flood)


def test_one_turn_reads_a_few_of_them_and_others_are_next(
    make: Maker, keys: Path
) -> None:
    pair, records = shaken(make, keys)
    pair.far.raw.send(updates(records, 6 * ASIDES) + records.data(b"behind them"))
    make.turner.settle()
    assert pair.stream.pull() == -1
    assert not pair.stream.drained, "there is more"
    assert pair.stream.seal.asides <= 3 * ASIDES
    assert pull(pair) == b"behind them"


def test_key_updates_are_answered_though_nothing_else_is_said(
    make: Maker, keys: Path
) -> None:
    """Right behind data, where only a later read would notice, as well."""
    pair, records = shaken(make, keys)
    pair.settle()
    pair.far.raw.send(records.data(b"data") + records.key_update())
    assert pull(pair) == b"data"
    make.turner.settle()
    assert pair.far.raw.recv(1000, socket.MSG_PEEK)
    assert pair.stream.seal.take() == 0


def test_a_client_may_take_new_keys_as_often_as_it_sends_data(
    make: Maker, keys: Path
) -> None:
    pair, records = shaken(make, keys)
    for _ in range(3 * sealed.ASIDES):
        assert pulls(pair, records.key_update() + records.data(b"x")) == b"x"
        make.turner.reactor.advance(0.1)


def test_a_client_that_does_not_read_the_answers_is_not_read_either(
    make: Maker, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slowly it asks; and once it reads, it is read again."""
    monkeypatch.setattr(sealed, "MOST_KEPT", 8192)
    pair, records = shaken(make, keys)
    stream, far = pair.stream, pair.far.raw
    pair.settle()
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asked = updates(records, 10_000) + records.data(b"behind them")
    most = 0
    for _ in range(400):
        asked = asked[sent(far, asked[:5000]) :]
        stream.pull()
        most = max(most, len(stream._rest))
        make.turner.reactor.advance(sealed.WITHIN / 8)
    assert 8192 < most < 8192 + 64 * 27
    assert stream.pull() == -1
    assert stream.socket.recv(1, socket.MSG_PEEK), "there is more, and it waits"
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    make.turner.reactor.advance(sealed.WITHIN + 1)
    got = b""

    def heard() -> bool:
        nonlocal asked, got
        asked = asked[sent(far, asked) :]
        received(far)
        make.turner.reactor.advance(sealed.WITHIN + 1)
        for _ in range(6):
            if (size := stream.pull()) > 0:
                got += pair.text[:size].tobytes()
        return got == b"behind them"

    make.turner.until(heard)


def sent(sock: socket.socket, data: bytes) -> int:
    try:
        return sock.send(data)
    except BlockingIOError:
        return 0


def received(sock: socket.socket) -> bytes:
    try:
        return sock.recv(1 << 20)
    except BlockingIOError:
        return b""


# Other records


def test_records_of_one_byte_come_out_whole_and_in_several_turns(
    make: Maker, keys: Path
) -> None:
    pair, records = shaken(make, keys)
    data = bytes(range(256)) * 8
    pair.far.raw.send(b"".join(records.data(bytes([byte])) for byte in data))
    make.turner.settle()
    assert pair.stream.pull() == READS
    assert not pair.stream.drained
    assert pair.text[:READS].tobytes() + pulls(pair, b"") == data


@pytest.mark.parametrize(
    "make_record",
    [
        lambda records: records.data(b""),
        lambda records: records.record(HANDSHAKE, b""),
        lambda records: records.record(21, b"\x01\x5a"),  # user_canceled, a warning
        lambda records: b"\x14\x03\x03\x00\x01\x01",  # ChangeCipherSpec
    ],
    ids=["empty data", "empty handshake", "warnings", "ChangeCipherSpec"],
)
def test_openssl_itself_ends_floods_of(
    make: Maker, keys: Path, make_record: Callable[[Records], bytes]
) -> None:
    pair, records = shaken(make, keys)
    with pytest.raises(ConnectionResetError):
        pulls(pair, b"".join(make_record(records) for _ in range(1000)))


def test_asking_to_negotiate_again_without_end_is_ended(
    make: Maker, keys: Path
) -> None:
    """TLS 1.2; each time is worth a warning, and OpenSSL works for none of them."""
    security = accepting(TLS_1_2)
    security.context.set_cipher_list(b"ECDHE-ECDSA-AES128-GCM-SHA256")
    pair = make.shaken(security)
    connection = pair.stream.connection
    randoms = (connection.server_random() or b"") + (connection.client_random() or b"")
    records = OldRecords(master_secret(keys), randoms)
    assert pulls(pair, records.record(DATA, b"data")) == b"data"
    said = pulls(pair, records.hello())
    assert said == b""
    with pytest.raises(ConnectionResetError, match="too many"):
        pulls(pair, b"".join(records.hello() for _ in range(2 * sealed.ASIDES + 99)))


def test_a_handshake_has_a_bound(make: Maker) -> None:
    pair = make.pair(accepting())
    pair.begin()
    fragment = b"\x16\x03\x01\x00\x01"
    hello = b"\x01\x01\xff\x00" + bytes(130_000)
    data = b"".join(fragment + bytes([byte]) for byte in hello)

    def told() -> object:
        nonlocal data
        try:
            data = data[pair.far.raw.send(data) :]
        except (BlockingIOError, ConnectionResetError, BrokenPipeError):
            pass
        return pair.outcome.told

    make.turner.until(told)
    assert "longer than" in pair.outcome.told[0]


# Whole sessions


def test_others_are_served_while_one_floods(keys: Path) -> None:
    gateway = Gateway(security())
    try:
        gateway.accept()
        flood = updates(Records(client_secret(keys)), 4 * sealed.ASIDES)
        calm = Far(gateway.running.connect())

        def flooded() -> object:
            nonlocal flood
            try:
                flood = flood[gateway.client.raw.send(flood) :]
            except OSError:
                pass
            calm.turn()
            return gateway.running.records

        gateway.running.turner.until(flooded)
        record = gateway.running.records[0]
        assert (record.ending, record.reason) == ("front_reset", sealed.FLOOD)
        gateway.client = calm
        accepted = gateway.accept()
        calm.send(b"served")
        gateway.until(lambda: received(accepted) == b"served")
    finally:
        gateway.close()


def test_new_keys_for_each_piece_of_a_long_transfer_are_no_flood(keys: Path) -> None:
    """In no time at all, since the clock stands still."""
    gateway = Gateway(security())
    try:
        accepted = gateway.accept()
        records, piece = Records(client_secret(keys)), bytes(2 * sealed.WORTH)
        pieces = 3 * sealed.ASIDES
        data = b"".join(
            records.key_update() + records.data(piece) for _ in range(pieces)
        )
        raw, got = gateway.client.raw, 0

        def arrived() -> bool:
            nonlocal data, got
            data = data[sent(raw, data) :]
            received(raw)
            got += len(received(accepted))
            return got == pieces * len(piece)

        gateway.running.turner.until(arrived)
        assert not gateway.running.records
    finally:
        gateway.close()
