"""
How FTP says where a data connection goes: PORT, PASV and 227 (RFC 959), EPRT, EPSV and
229 (RFC 2428).

Not here: the lines that this stands in (``ftp_lines``), and who may say what
(``filters.ftp``).
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address

PROTOCOLS = {4: 1, 6: 2}
"""The number of a family in EPRT and EPSV (RFC 2428, section 2)."""

LEAST_PORT = 1024
"""Below are services, and no data connections (RFC 2577, section 3)."""

_SIX = re.compile(rb"([0-9]{1,3})" + rb",([0-9]{1,3})" * 5)
_EXTENDED = re.compile(rb"\(([!-~])\1\1([0-9]{1,5})\1\)")
_EPRT = re.compile(rb"([!-~])([0-9]{1,3})\1([0-9A-Fa-f:.]{2,45})\1([0-9]{1,5})\1 *")
_DIGITS = re.compile(rb"[0-9]{1,3}")


class FtpError(ValueError):
    """What a command asks for cannot be done.  *code* and str() make the reply."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def read_port(argument: bytes) -> tuple[str, int]:
    """PORT's host and port.  Raises FtpError."""
    found = _SIX.fullmatch(argument.strip(b" "))
    where = _six(found) if found is not None else None
    if where is None:
        raise FtpError(501, "PORT takes six numbers of 0 to 255")
    return where


def read_eprt(argument: bytes, family: int) -> tuple[str, int]:
    """EPRT's host and port, of *family* (4 or 6).  Raises FtpError."""
    found = _EPRT.fullmatch(argument)
    if found is None:
        raise FtpError(501, "EPRT takes |protocol|address|port|")
    _, protocol, host, port = found.groups()
    _require(int(protocol), family)
    kind = IPv4Address if family == 4 else IPv6Address
    try:
        return str(kind(host.decode("ascii"))), _in_range(int(port))
    except ValueError:
        raise FtpError(501, "EPRT has no such address, or no such port") from None


def read_epsv(argument: bytes, family: int) -> None:
    """
    Whether EPSV asks for *family*, which is the only one that there is: without an
    argument it does.  Raises FtpError.
    """
    if not argument:
        return
    if not _DIGITS.fullmatch(argument):
        raise FtpError(501, "EPSV takes a protocol's number, or ALL")
    _require(int(argument), family)


def _require(protocol: int, family: int) -> None:
    ours = PROTOCOLS[family]
    if protocol != ours:
        raise FtpError(522, f"Network protocol not supported, use ({ours})")


def read_passive(reply: bytes, code: int) -> int | None:
    """
    The port that *reply* of *code*, 227 or 229, names; None: none that can be meant.

    Of 227, where the numbers stand is anybody's guess (RFC 1123, section 4.1.2.6), and
    its address is not looked at: the server is where the control connection goes.
    """
    if code == 227:
        found = _SIX.search(reply, 4)
        port = (_six(found) or ("", 0))[1] if found is not None else 0
    else:
        extended = _EXTENDED.search(reply)
        port = int(extended[2]) if extended is not None else 0
    return port if LEAST_PORT <= port <= 65535 else None


def _six(found: re.Match[bytes]) -> tuple[str, int] | None:
    numbers = [int(each) for each in found.groups()]
    if max(numbers) > 255:
        return None
    host = ".".join(map(str, numbers[:4]))
    return host, numbers[4] << 8 | numbers[5]


def _in_range(port: int) -> int:
    if not 0 < port <= 65535:
        raise ValueError(port)
    return port


def active(host: str, port: int) -> bytes:
    """The command that has a server connect there: PORT for IPv4, else EPRT."""
    if ":" in host:
        return f"EPRT |2|{host}|{port}|\r\n".encode("ascii")
    return f"PORT {_comma(host, port)}\r\n".encode("ascii")


def extended_passive_at(where: tuple[str, int]) -> bytes:
    """The reply to EPSV; of *where*, it says the port."""
    return f"229 Entering Extended Passive Mode (|||{where[1]}|)\r\n".encode("ascii")


def passive_at(where: tuple[str, int]) -> bytes:
    """The reply to PASV; *where* is of IPv4."""
    return f"227 Entering Passive Mode ({_comma(*where)})\r\n".encode("ascii")


def _comma(host: str, port: int) -> str:
    return ",".join([*host.split("."), str(port >> 8), str(port & 255)])
