"""
Requests that one reader takes for something else than another: what smuggling is made
of.  Made by hand, after the classes that the public collections know.

Each is sent on a connection of its own and followed by AFTER, so that a reader who sees
one request more, or one less, is found out by what comes back.
"""

from __future__ import annotations

HOST = b"Host: app.example.org\r\n"
AFTER = b"GET /after HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"


def post(fields: bytes, body: bytes, line: bytes = b"POST /one HTTP/1.1") -> bytes:
    """One request; *fields* as they are, each with its end of line."""
    return line + b"\r\n" + HOST + fields + b"\r\n" + body


def get(line: bytes, fields: bytes = HOST) -> bytes:
    return line + b"\r\n" + fields + b"\r\n"


CHUNKED = b"Transfer-Encoding: chunked\r\n"
INNER = b"GET /inner HTTP/1.1\r\nHost: app.example.org\r\n\r\n"
INNER_LENGTH = b"Content-Length: %d\r\n" % len(INNER)
CHUNK = b"5\r\nhello\r\n0\r\n\r\n"


def chunked(body: bytes, fields: bytes = CHUNKED) -> bytes:
    return post(fields, body)


AMBIGUOUS: dict[str, bytes] = {
    # Two ways to say how long it is.
    "length and chunked": post(b"Content-Length: 5\r\n" + CHUNKED, CHUNK),
    "chunked and length": post(CHUNKED + b"Content-Length: 15\r\n", CHUNK),
    "length hides a request": post(INNER_LENGTH + CHUNKED, b"0\r\n\r\n" + INNER),
    "two lengths": post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello!"),
    "two lengths of one value": post(b"Content-Length: 5\r\n" * 2, b"hello"),
    "a list of lengths": post(b"Content-Length: 5, 5\r\n", b"hello"),
    "a list of two lengths": post(b"Content-Length: 0, 5\r\n", b"hello"),
    # Lengths that are none.
    "a length with a plus": post(b"Content-Length: +5\r\n", b"hello"),
    "a negative length": post(b"Content-Length: -5\r\n", b""),
    "a length in hex": post(b"Content-Length: 0x5\r\n", b"hello"),
    "a length with a point": post(b"Content-Length: 5.0\r\n", b"hello"),
    "an empty length": post(b"Content-Length:\r\n", b""),
    "a length with a space in it": post(b"Content-Length: 5 0\r\n", b"hello"),
    "a length with zeros before": post(b"Content-Length: 005\r\n", b"hello"),
    "a length past 64 bits": post(
        b"Content-Length: 18446744073709551621\r\n", b"hello"
    ),
    "a length in other digits": post(b"Content-Length: \xd9\xa5\r\n", b"hello"),
    # Codings.
    "chunked twice": post(CHUNKED * 2, CHUNK),
    "chunked, chunked": post(b"Transfer-Encoding: chunked, chunked\r\n", CHUNK),
    "chunked is not the last": post(b"Transfer-Encoding: chunked, gzip\r\n", CHUNK),
    "gzip, chunked": post(b"Transfer-Encoding: gzip, chunked\r\n", CHUNK),
    "identity": post(b"Transfer-Encoding: identity\r\n" + INNER_LENGTH, INNER),
    "a coding that nobody knows": post(b"Transfer-Encoding: xchunked\r\n", CHUNK),
    "chunked with a tab": post(b"Transfer-Encoding:\tchunked\r\n", CHUNK),
    "chunked with a vertical tab": post(b"Transfer-Encoding: \x0bchunked\r\n", CHUNK),
    "chunked behind a comma": post(b"Transfer-Encoding: ,chunked\r\n", CHUNK),
    "chunked in quotes": post(b'Transfer-Encoding: "chunked"\r\n', CHUNK),
    "chunked with a parameter": post(b"Transfer-Encoding: chunked;a=b\r\n", CHUNK),
    "an empty coding": post(b"Transfer-Encoding:\r\n" + INNER_LENGTH, INNER),
    "chunked in capitals": post(b"TRANSFER-ENCODING: CHUNKED\r\n", CHUNK),
    "chunked in HTTP/1.0": post(CHUNKED, CHUNK, b"POST /one HTTP/1.0"),
    "length and chunked in HTTP/1.0": post(
        b"Connection: keep-alive\r\n" + INNER_LENGTH + CHUNKED,
        b"0\r\n\r\n" + INNER,
        b"POST /one HTTP/1.0",
    ),
    # Names that are read as another.
    "a space before the colon": post(b"Content-Length : 5\r\n", b"hello"),
    "a tab before the colon": post(b"Transfer-Encoding\t: chunked\r\n", CHUNK),
    "a space before the name": post(b" Content-Length: 5\r\n", b"hello"),
    "an underscore in the length": post(b"Content_Length: 5\r\n", b""),
    "an underscore in the coding": post(b"Transfer_Encoding: chunked\r\n", b""),
    "a name with NUL": post(b"Content-Length\0: 5\r\n", b"hello"),
    "a name with a control character": post(b"Content\x01-Length: 5\r\n", b""),
    "an empty name": post(b": x\r\n", b""),
    "a line without colon": post(b"nonsense\r\n", b""),
    "a name of eight bits": post(b"Content-L\xe9ngth: 5\r\n", b""),
    "a hop-by-hop length": post(
        b"Connection: content-length\r\nContent-Length: 5\r\n", b"hello"
    ),
    "a hop-by-hop coding": post(b"Connection: transfer-encoding\r\n" + CHUNKED, CHUNK),
    "a hop-by-hop host": post(b"Connection: host, x-forwarded-for\r\n", b""),
    # Ends of lines.
    "bare LF": b"POST /one HTTP/1.1\nHost: app.example.org\nContent-Length: 5\n\nhello",
    "bare LF in fields": post(b"A: b\nContent-Length: 5\r\n", b"hello"),
    "bare CR in a value": post(b"A: b\rContent-Length: 5\r\n", b""),
    "bare CR before the end": post(b"A: b\r\r\nContent-Length: 5\r\n", b"hello"),
    "CR CR LF": post(b"Content-Length: 5\r\r\n", b"hello"),
    "NUL in a value": post(b"A: b\0c\r\n", b""),
    "a folded coding": post(b"Transfer-Encoding:\r\n chunked\r\n", CHUNK),
    "a folded length": post(b"Content-Length: 5\r\n 0\r\n", b"hello"),
    "a folded field": post(b"A: b\r\n\tc\r\n", b""),
    "empty lines before": b"\r\n\r\n" + get(b"GET /one HTTP/1.1"),
    "a line of spaces before": b"  \r\n" + get(b"GET /one HTTP/1.1"),
    # Chunks.
    "a chunk with an extension": chunked(b"5;a=b\r\nhello\r\n0\r\n\r\n"),
    "an extension in quotes": chunked(b'5;a="b;c\\""\r\nhello\r\n0\r\n\r\n'),
    "an extension with LF": chunked(b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
    "an extension with CR": chunked(b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
    "a long extension": chunked(b"5;a=" + b"b" * 70_000 + b"\r\nhello\r\n0\r\n\r\n"),
    "a size with 0x": chunked(b"0x5\r\nhello\r\n0\r\n\r\n"),
    "a size with a plus": chunked(b"+5\r\nhello\r\n0\r\n\r\n"),
    "a negative size": chunked(b"-5\r\nhello\r\n0\r\n\r\n"),
    "a size with spaces before": chunked(b"  5\r\nhello\r\n0\r\n\r\n"),
    "a size with spaces behind": chunked(b"5  \r\nhello\r\n0\r\n\r\n"),
    "a size with an underscore": chunked(b"0_5\r\nhello\r\n0\r\n\r\n"),
    "a size of many zeros": chunked(b"0" * 300 + b"5\r\nhello\r\n0\r\n\r\n"),
    "a size past 64 bits": chunked(b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    "an empty size": chunked(b"\r\nhello\r\n0\r\n\r\n"),
    "a chunk that ends in LF": chunked(b"5\r\nhello\n0\r\n\r\n"),
    "sizes that end in LF": chunked(b"5\nhello\r\n0\n\n"),
    "a chunk longer than its size": chunked(b"5\r\nhello!\r\n0\r\n\r\n"),
    "a chunk without its end": chunked(b"5\r\nhello0\r\n\r\n"),
    "a trailer": chunked(b"5\r\nhello\r\n0\r\nA: b\r\n\r\n"),
    "a trailer that is a length": chunked(b"0\r\nContent-Length: 5\r\n\r\n"),
    "a trailer that is no field": chunked(b"0\r\nGET /inner HTTP/1.1\r\n\r\n"),
    "a trailer with LF": chunked(b"0\r\nA: b\n\r\n"),
    # The first line.
    "two spaces": get(b"GET  /one HTTP/1.1"),
    "a tab for a space": get(b"GET\t/one HTTP/1.1"),
    "a space in the target": get(b"GET /one two HTTP/1.1"),
    "no version": b"GET /one\r\n",
    "HTTP/0.9 spelt out": get(b"GET /one HTTP/0.9"),
    "HTTP/1.2": get(b"GET /one HTTP/1.2"),
    "HTTP/2.0": get(b"GET /one HTTP/2.0"),
    "HTTP/1.10": get(b"GET /one HTTP/1.10"),
    "a version in small letters": get(b"GET /one http/1.1"),
    "a version with a space behind": get(b"GET /one HTTP/1.1 "),
    "a method in small letters": get(b"get /one HTTP/1.1"),
    "a method with a colon": get(b"GET: /one HTTP/1.1"),
    "a target without slash": get(b"GET one HTTP/1.1"),
    "a target with a fragment": get(b"GET /one#two HTTP/1.1"),
    "a target of eight bits": get(b"GET /\xe9\xff HTTP/1.1"),
    "a target with NUL": get(b"GET /o\0ne HTTP/1.1"),
    "a target in full": get(b"GET http://app.example.org/one HTTP/1.1"),
    "a target in full, of another host": get(b"GET http://evil.example/ HTTP/1.1"),
    "a target with a user": get(b"GET http://a@app.example.org/one HTTP/1.1"),
    "a star": get(b"OPTIONS * HTTP/1.1"),
    "a body with GET": post(INNER_LENGTH, INNER, b"GET /one HTTP/1.1"),
    "a body with HEAD": post(INNER_LENGTH, INNER, b"HEAD /one HTTP/1.1"),
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    # Hosts.
    "no host": get(b"GET /one HTTP/1.1", b""),
    "two hosts": get(b"GET /one HTTP/1.1", HOST + b"Host: evil.example\r\n"),
    "two hosts alike": get(b"GET /one HTTP/1.1", HOST * 2),
    "an empty host": get(b"GET /one HTTP/1.1", b"Host:\r\n"),
    "a host with a slash": get(b"GET /one HTTP/1.1", b"Host: app.example.org/x\r\n"),
    "a host with a user": get(b"GET /one HTTP/1.1", b"Host: a@app.example.org\r\n"),
    "a list of hosts": get(b"GET /one HTTP/1.1", b"Host: app.example.org, b\r\n"),
    "a host with a bad port": get(b"GET /one HTTP/1.1", b"Host: app.example.org:x\r\n"),
    # What leads out of HTTP.
    "an upgrade to h2c": get(
        b"GET /one HTTP/1.1",
        HOST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n",
    ),
    "an upgrade with a body": post(
        b"Connection: upgrade\r\nUpgrade: websocket\r\n" + INNER_LENGTH, INNER
    ),
    "a tunnel": get(b"CONNECT app.example.org:80 HTTP/1.1"),
}
