"""
The names in a certificate as text, whatever their bytes are.

A reader of DER for those fields.  It is asked where the library that certificates are
read with refuses one that OpenSSL has accepted: a name in Latin-1, for example.  Not
here: verifying anything.
"""

from __future__ import annotations

from collections.abc import Iterator

MOST = 1000
"""Characters of a subject that are told; a certificate may have 100,000."""

UNREADABLE = "unreadable"

_COMMON_NAME = "2.5.4.3"
_NAMES = {
    _COMMON_NAME: "CN", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O",
    "2.5.4.11": "OU", "2.5.4.6": "C", "2.5.4.9": "STREET",
    "0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID",
}  # fmt: skip
"""RFC 4514, section 3."""

_ENCODINGS = {
    12: "utf-8",  # UTF8String
    18: "ascii",  # NumericString
    19: "ascii",  # PrintableString
    20: "latin-1",  # T61String: what everybody means by it, OpenSSL too
    22: "ascii",  # IA5String
    26: "ascii",  # VisibleString
    28: "utf-32-be",  # UniversalString
    30: "utf-16-be",  # BMPString
}
"""By the tag of a string (X.690, section 8.23)."""

_OID, _SEQUENCE, _VERSION = 6, 0x30, 0xA0
_ISSUER, _SUBJECT = 2, 4  # after serial number, algorithm; validity: RFC 5280, 4.1


def subject_of(certificate: bytes) -> str:
    """
    The subject in a *certificate*'s DER, in the form of RFC 4514; a value that cannot
    be read is there in hexadecimal.  Never raises.
    """
    return _named(certificate, _SUBJECT)


def issuer_of(certificate: bytes) -> str:
    """Likewise, who has signed it."""
    return _named(certificate, _ISSUER)


def common_name_of(certificate: bytes) -> str:
    """
    The first common name in the subject of a *certificate*'s DER, as it is; empty where
    there is none, or none that can be read, is printable and of MOST characters at
    most: half a name, or one that ends at a NUL for somebody, is another's.  Never
    raises.
    """
    try:
        for _, each, _ in _each(_field(certificate, _SUBJECT)):
            for _, content, _ in _each(each):
                (kind, oid, _), (tag, value, _) = list(_each(content))[:2]
                if kind == _OID and _dotted(oid) == _COMMON_NAME:
                    text = value.decode(_ENCODINGS[tag])
                    return text if len(text) <= MOST and text.isprintable() else ""
    except (ValueError, KeyError, StopIteration):
        pass
    return ""


def _named(certificate: bytes, which: int) -> str:
    try:
        name = _field(certificate, which)
        return shown(",".join(reversed([_set(each) for _, each, _ in _each(name)])))
    except (ValueError, StopIteration):  # the latter: nothing where a field should be
        return UNREADABLE


def shown(text: str) -> str:
    """*text* fit for a log: of bounded length, all that cannot be printed escaped."""
    if len(text) > MOST:
        text = text[:MOST] + "…"
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    """RFC 4514, section 2.4."""
    octets = character.encode("utf-8", "surrogatepass")
    return "".join(f"\\{octet:02X}" for octet in octets)


def _field(certificate: bytes, which: int) -> bytes:
    _, whole, _ = next(_each(certificate))
    _, signed, _ = next(_each(whole))
    fields = list(_each(signed))
    first = 1 if fields and fields[0][0] == _VERSION else 0
    tag, name, _ = (fields[first + which :] or [(0, b"", b"")])[0]
    if tag != _SEQUENCE:
        raise ValueError("there is no name")
    return name


def _set(attributes: bytes) -> str:
    """One relative name: usually of one attribute."""
    return "+".join(_attribute(each) for _, each, _ in _each(attributes))


def _attribute(content: bytes) -> str:
    (kind, oid, _), (tag, value, whole) = list(_each(content))[:2]
    if kind != _OID:
        raise ValueError("an attribute without a type")
    dotted = _dotted(oid)
    return f"{_NAMES.get(dotted, dotted)}={_value(tag, value, whole)}"


def _value(tag: int, value: bytes, whole: bytes) -> str:
    try:
        text = value.decode(_ENCODINGS[tag])
    except (KeyError, UnicodeDecodeError):
        return f"#{whole[:MOST].hex()}"
    text = "".join(f"\\{each}" if each in '",+;<>\\' else each for each in text)
    text = text.replace("\0", "\\00")
    if text[1:].endswith(" "):
        text = f"{text[:-1]}\\ "
    if text[:1] in ("#", " "):
        text = f"\\{text}"
    return text


def _dotted(oid: bytes) -> str:
    """X.690, section 8.19."""
    numbers, number = [], 0
    for octet in oid:
        number = number << 7 | octet & 0x7F
        if number >> 64:
            raise ValueError("an object identifier beyond all measure")
        if not octet & 0x80:
            numbers.append(number)
            number = 0
    if not numbers:
        raise ValueError("an empty object identifier")
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))


def _each(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Tag, content and whole of each value in *data* (X.690, section 8.1)."""
    at = 0
    while at < len(data):
        begin, head = at, data[at : at + 2]
        if len(head) < 2 or head[0] & 0x1F == 0x1F:
            raise ValueError("the value's head is cut or of a kind that is not used")
        length, at = head[1], at + 2
        if length & 0x80:
            count = length & 0x7F
            if not 1 <= count <= 4:
                raise ValueError("a length of no use")
            length = int.from_bytes(data[at : at + count], "big")
            at += count
        if at + length > len(data):
            raise ValueError("a value that is cut")
        yield head[0], data[at : at + length], data[begin : at + length]
        at += length
