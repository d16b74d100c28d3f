"""How FTP says where a data connection goes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.wire.ftp_addresses import (
    FtpError,
    active,
    extended_passive_at,
    passive_at,
    read_eprt,
    read_epsv,
    read_passive,
    read_port,
)


def test_what_is_written_is_read_again() -> None:
    four, six = ("192.0.2.1", 2121), ("2001:db8::1", 65535)
    assert read_port(active(*four)[5:-2]) == four
    assert read_eprt(active(*six)[5:-2], 6) == six
    assert read_passive(passive_at(four), 227) == 2121
    assert read_passive(extended_passive_at(six), 229) == 65535


def test_eprt_takes_any_delimiter_and_one_spelling_of_an_address() -> None:
    assert read_eprt(b"!2!2001:DB8:0::1!2121!", 6) == ("2001:db8::1", 2121)
    assert read_eprt(b"|1|192.0.2.1|2121|", 4) == ("192.0.2.1", 2121)


@pytest.mark.parametrize(
    ("argument", "code"),
    [
        (b"", 501),
        (b"|2|2001:db8::1|2121", 501),
        (b"|2|192.0.2.1|2121|", 501),
        (b"|2|2001:db8::1|0|", 501),
        (b"|2|2001:db8::1|65536|", 501),
        (b"|2|fe80::1%eth0|2121|", 501),
        (b"|1|192.0.2.1|2121|", 522),
        (b"|3|2001:db8::1|2121|", 522),
    ],
)
def test_an_eprt_that_cannot_be_followed_has_the_code_that_says_why(
    argument: bytes, code: int
) -> None:
    with pytest.raises(FtpError) as caught:
        read_eprt(argument, 6)
    assert caught.value.code == code


def test_another_protocol_is_refused_with_the_one_there_is() -> None:
    read_epsv(b"", 6)
    read_epsv(b"2", 6)
    read_epsv(b"1", 4)
    with pytest.raises(FtpError, match=r"use \(2\)") as caught:
        read_epsv(b"1", 6)
    assert caught.value.code == 522
    with pytest.raises(FtpError) as caught:
        read_epsv(b"x", 6)
    assert caught.value.code == 501


@pytest.mark.parametrize("argument", [b"", b"1,2,3,4,5", b"256,0,2,1,8,8", b"a"])
def test_a_port_that_is_none_is_refused(argument: bytes) -> None:
    with pytest.raises(FtpError) as caught:
        read_port(argument)
    assert caught.value.code == 501


@pytest.mark.parametrize(
    ("reply", "port"),
    [
        (b"227 Entering Passive Mode (192,0,2,1,200,1).\r\n", 51201),
        (b"227 Entering Passive Mode. 192,0,2,1,200,1\r\n", 51201),
        (b"227 =10,0,0,1,4,0\r\n", 1024),
        (b"227 Entering Passive Mode (192,0,2,1,3,255)\r\n", None),
        (b"227 Entering Passive Mode (192,0,2,1,256,1)\r\n", None),
        (b"227 Somewhere\r\n", None),
    ],
)
def test_the_port_of_227_is_found_wherever_it_stands(
    reply: bytes, port: int | None
) -> None:
    assert read_passive(reply, 227) == port


def test_229_says_a_port_and_nothing_else() -> None:
    assert read_passive(b"229 Entering (|||50000|)\r\n", 229) == 50000
    assert read_passive(b"229 Entering (|||80|)\r\n", 229) is None
    assert read_passive(b"229 Entering (|1|192.0.2.1|50000|)\r\n", 229) is None


@given(st.binary(max_size=80))
def test_nothing_that_is_sent_makes_it_fail(data: bytes) -> None:
    for read in (read_port, lambda text: read_eprt(text, 6)):
        try:
            read(data)
        except FtpError as error:
            str(error).encode("ascii")
    read_passive(b"227 " + data, 227)
    read_passive(b"229 " + data, 229)
