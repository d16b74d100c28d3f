"""
What a DNS server sends, as far as it is of use: bytes -> records.

Pure.  The work is ``twisted.names``'s; here is what is asked of it otherwise.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from twisted.names import dns

POINTERS = 16_384
"""
Compression pointers that are followed for one message: each record has one, and no
message has room for more than 5,000 records.  Following this many takes some 20 ms.
"""


class Message(dns.Message):
    """What is of use in an answer, and as much of it as can be read."""

    maxCompressionPointers = POINTERS
    whole = False
    """All answers that it announces are there."""

    def parseRecords(self, records: Any, count: int, strio: Any) -> None:
        """The answers alone; one that is broken is left out, not all behind it."""
        if records is not self.answers:
            return
        for _ in range(count):
            header = dns.RRHeader()
            try:
                header.decode(strio)
            except EOFError:
                return
            end = strio.tell() + header.rdlength
            if end > strio.getbuffer().nbytes:
                return
            if _payload(header, strio):
                records.append(header)
            strio.seek(end)
        self.whole = True


def _payload(header: dns.RRHeader, strio: BytesIO) -> bool:
    kind = _KINDS.get(header.type)
    if kind is None:
        return True  # an alias: its TTL counts
    header.payload = kind(ttl=header.ttl)
    try:
        header.payload.decode(strio, header.rdlength)
    except (EOFError, ValueError):
        return False
    return True


_KINDS: dict[int, Any] = {
    dns.A: dns.Record_A,
    dns.AAAA: dns.Record_AAAA,
    dns.SRV: dns.Record_SRV,
}


def read(data: bytes) -> Message:
    """Raises what ``twisted.names`` does with bytes that are no message: anything."""
    message = Message()
    message.fromStr(data)
    message.whole = message.whole and not message.trunc
    return message
