"""Messages of rtnetlink: the kernel's own, and what no kernel says."""

from __future__ import annotations

import os
import socket
import struct

from hypothesis import given
from hypothesis import strategies as st

from bridge.net import rtnetlink
from bridge.net.rtnetlink import (
    DEL_ADDRESS,
    DONE,
    GET_ADDRESS,
    GET_LINK,
    NEW_ADDRESS,
    NEW_LINK,
    Link,
    LinkAddress,
    Message,
    messages,
)


def attribute(kind: int, value: bytes) -> bytes:
    padded = value + bytes(-len(value) % 4)
    return struct.pack("=HH", 4 + len(value), kind) + padded


def message(kind: int, body: bytes, flags: int = 0, sequence: int = 0) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, flags, sequence, 0) + body


def link(
    number: int, name: bytes, mtu: int, flags: int = 0x41, family: int = 0
) -> bytes:
    head = struct.pack("=BxHiII", family, 1, number, flags, 0)
    mtu_told = attribute(4, struct.pack("=I", mtu))
    return message(NEW_LINK, head + attribute(3, name + b"\0") + mtu_told)


def address(kind: int, number: int, told: str, prefix: int, *more: bytes) -> bytes:
    family = socket.AF_INET6 if ":" in told else socket.AF_INET
    head = struct.pack("=BBBBi", family, prefix, 0, 0, number)
    raw = socket.inet_pton(family, told)
    return message(kind, head + attribute(1, raw) + b"".join(more))


def dump(kind: int) -> list[Message]:
    found: list[Message] = []
    with rtnetlink.open_socket() as asked:
        asked.setblocking(True)
        asked.settimeout(10)
        asked.send(rtnetlink.ask(kind, 7))
        while not any(each.kind == DONE for each in found):
            found += messages(asked.recv(rtnetlink.LONGEST))
    return [each for each in found if each.about is not None and each.sequence == 7]


def test_the_kernel_tells_of_its_loopback_interface() -> None:
    (told,) = [
        m.about for m in dump(GET_LINK) if getattr(m.about, "name", b"") == b"lo"
    ]
    assert isinstance(told, Link)
    assert told.number == socket.if_nametoindex("lo")
    with open("/sys/class/net/lo/mtu") as file:
        assert told.mtu == int(file.read())
    addresses = [each.about for each in dump(GET_ADDRESS)]
    assert LinkAddress(told.number, "127.0.0.1/8") in addresses


def test_nobody_needs_a_privilege_for_that() -> None:
    pid = os.fork()
    if pid == 0:
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            os._exit(0 if dump(GET_LINK) else 1)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_datagram_has_several_messages() -> None:
    data = link(3, b"eth0", 1500) + address(DEL_ADDRESS, 3, "2001:db8::1", 64)
    first, second = messages(data)
    assert first.kind == NEW_LINK
    assert first.about == Link(3, b"eth0", 1500, up=True, running=True)
    assert (second.kind, second.about) == (
        DEL_ADDRESS,
        LinkAddress(3, "2001:db8::1/64"),
    )


def test_of_a_point_to_point_link_our_own_address_is_told() -> None:
    ours = attribute(2, socket.inet_aton("192.0.2.1"))
    (told,) = messages(address(NEW_ADDRESS, 3, "192.0.2.2", 32, ours))
    assert told.about == LinkAddress(3, "192.0.2.1/32")


def test_a_bridges_word_on_its_port_is_not_of_the_interface() -> None:
    (told,) = messages(link(3, b"eth0", 1500, family=7))
    assert told.about is None


def test_an_error_has_its_number() -> None:
    (told,) = messages(message(2, struct.pack("=i", -16) + bytes(16), sequence=5))
    assert (told.error, told.sequence) == (16, 5)


WHOLE = link(3, b"eth0", 1500) + address(NEW_ADDRESS, 3, "192.0.2.1", 24)


def test_what_is_cut_short_raises_nothing() -> None:
    for size in range(len(WHOLE)):
        assert len(list(messages(WHOLE[:size]))) == (size >= len(link(3, b"eth0", 1)))


@given(st.binary(max_size=200), st.sampled_from((16, 17, 20, 21, 2, 3, 99)))
def test_whatever_comes_raises_nothing(body: bytes, kind: int) -> None:
    list(messages(message(kind, body)))
    list(messages(body))
