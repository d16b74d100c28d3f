"""
Every way to get modes and filters wrong, in the manner of
``test_broken_configurations``: in each text » stands where the one error must point.
"""

import pytest

from tests.test_broken_configurations import (
    FARMS,
    Broken,
    answer_is_right,
    front,
    listening,
)


def http(keys: str) -> str:
    return front(f"mode: http\n    http: {{{keys}}}")


def request(keys: str) -> str:
    return http(f"headers: {{request: {{{keys}}}}}")


def response(keys: str) -> str:
    return http(f"headers: {{response: {{{keys}}}}}")


def ftp(keys: str, listen: str = '"[::]:21"') -> str:
    text = listening(listen).replace("to: web", f"to: web\n    mode: ftp{keys}", 1)
    assert "mode: ftp" in text
    return text


def secured(alpn: str, **keys: str) -> str:
    """A front of mode http with TLS."""
    more = "".join(f"\n    {key}: {value}" for key, value in keys.items())
    tls = f"tls: {{certificates: [{{certificate: a.pem}}], alpn: {alpn}}}"
    return front(f"mode: http{more}\n    {tls}")


MODES = {
    "http in mode stream": Broken(front("»http: {}"), "write mode: http, or take"),
    "ftp in mode http": Broken(
        front("mode: http\n    »ftp: {ports: 50000-50999}"), "belongs to mode ftp"
    ),
    "http in mode sni": Broken(
        front("mode: sni\n    »http: {}").replace("to: web", "to: {default: web}"),
        "belongs to mode http",
    ),
    "a map for mode ftp": Broken(
        ftp("").replace("to: web", "to: »{a.example: web}"), "mode sni or http"
    ),
    "a map for mode stream": Broken(
        front("mode: stream").replace("to: web", "to: »{a.example: web}"),
        "a map of names belongs to mode sni or http",
    ),
    "no farm of a host": Broken(
        front("mode: http").replace("to: web", "to: {a.example: »wbe}"),
        'did you mean "web"?',
    ),
    "a host twice": Broken(
        front("mode: http").replace("to: web", "to: {a.example: web, »A.Example: web}"),
        "is the same name as at",
    ),
    "a host with a port": Broken(
        front("mode: http").replace("to: web", 'to: {»"a.example:80": web}'),
        "is no label",
    ),
    "http as a word": Broken(front("mode: http\n    http: »off"), "is no map"),
    "https": Broken(front("mode: »https"), 'did you mean "http"?'),
}

HTTP = {
    "an unknown key": Broken(http("»forward: off"), 'did you mean "forwarded"?'),
    "forwarded as a switch": Broken(http("forwarded: »true"), "is not append, replace"),
    "x_forwarded by another name": Broken(
        http("x_forwarded: »apend"), 'did you mean "append"?'
    ),
    "a head without room": Broken(http("head: »100"), "100 is below 1KiB"),
    "a head without end": Broken(http("head: »1GiB"), "above 1MiB"),
    "no time for a head": Broken(http("request: »0"), "0s is below 10ms"),
    "a connection for ever": Broken(http("keep_alive: »off"), "is no time"),
    "a redirect that is no switch": Broken(http("redirect_to_https: »301"), "neither"),
    "a redirect to itself": Broken(
        secured("[http/1.1]", http="{redirect_to_https: »true}"),
        "this front has TLS, and would redirect to itself",
    ),
    "h2 for clients": Broken(
        secured("[»h2, http/1.1]"), "speaks HTTP/1.1 and not h2: write [http/1.1]"
    ),
    "h2 alone for clients": Broken(secured("»h2"), "write [http/1.1]"),
    "h2 for servers": Broken(
        front("mode: http").replace(
            "web: {servers", "web: {tls: {alpn: [http/1.1, »h2], identity: a}, servers"
        ),
        "front web has mode http, HTTP/1.1 and not h2",
    ),
}

HEADERS = {
    "an unknown direction": Broken(
        http("headers: {»requests: {}}"), 'did you mean "request"?'
    ),
    "an unknown change": Broken(request("»del: [A]"), "known here: add, remove, set"),
    "fields as a list": Broken(request("set: »[A]"), "a list is no map"),
    "a name with a space": Broken(request('set: {»"A B": c}'), "is no field's name"),
    "a name with a colon": Broken(request('remove: [»"A:"]'), "is no field's name"),
    "a name that is a number": Broken(request("remove: [»5]"), "5 is no text: quote"),
    "a length": Broken(request('set: {»Content-Length: "5"}'), "is the gateway's"),
    "a coding": Broken(response("remove: [»transfer-encoding]"), "is the gateway's"),
    "a connection": Broken(response("add: {»Connection: close}"), "is the gateway's"),
    "a field twice": Broken(request('set: »{A: "1", a: "2"}'), "has a field twice"),
    "removed twice": Broken(response("remove: »[A, a]"), "has a field twice"),
    "a value that is a number": Broken(request("set: {A: »5}"), "5 is no text: quote"),
    "a value with a line break": Broken(
        request('set: {A: »"b\\r\\nC: d"}'), "holds a CR, which no value may"
    ),
    "a value with a NUL": Broken(response('add: {A: »"\\0"}'), "holds a NUL"),
    "a value with an umlaut": Broken(response("add: {A: »ü}"), "not in ASCII"),
    "a value that begins with a space": Broken(
        request('set: {A: »" b"}'), "begins or ends with a space"
    ),
    "a variable misspelt": Broken(
        request("set: {A: »'${clinet}'}"), "did you mean ${client}?"
    ),
    "a variable like no other": Broken(
        request("set: {A: »'${zzzzzz}'}"), "known here: client, client.port, front"
    ),
    "a variable never closed": Broken(request("set: {A: »'${client'}"), "a $ alone"),
    "a dollar alone": Broken(request("set: {A: »5$}"), "$$ for itself"),
    "no host": Broken(
        http("headers: {request: »{remove: Host}}"), "Host is removed, and a request"
    ),
    "two hosts": Broken(
        http("headers: {request: »{add: {host: a}}}"), "Host is added, and a request"
    ),
    "of the environment, and not there": Broken(
        request("set: {A: »'${NOT_SET}'}"), "NOT_SET is not in the environment"
    ),
}

FTP = {
    "ports turned round": Broken(
        ftp("\n    ftp: {ports: »50999-50000}"), "write 50000-50999"
    ),
    "ports in words": Broken(ftp("\n    ftp: {ports: »any}"), "is no range of ports"),
    "every port for ftp": Broken(ftp("", '»"[2001:db8::/96]:*"'), "[2001:db8::/96]:21"),
    "low ports": Broken(ftp("\n    ftp: {ports: »20-1100}"), "not in 1024..65535"),
    "ports that there are not": Broken(
        ftp("\n    ftp: {ports: »60000-70000}"), "70000 is not in"
    ),
    "a socket's path": Broken(ftp("", "»unix:/run/ftp.sock"), "need an address"),
    "tls in front": Broken(
        ftp("\n    »tls: {certificates: [{certificate: a.pem}]}"), "AUTH TLS leads to"
    ),
    "tls behind": Broken(
        ftp("").replace("{servers:", "{»tls: {}, servers:"),
        "front web has mode ftp, which reads what is said in the clear",
    ),
    "a listener among them": Broken(
        ftp("\n    ftp: {ports: »2000-3000}", '["[::]:21", "[::1]:2121"]'),
        "2121 is listened on, at <text>:3:25: choose other ports",
    ),
    "another front among them": Broken(
        ftp("\n    ftp: {ports: »8000-9000}").replace(
            "fronts:\n", 'fronts:\n  a: {listen: "[::1]:8080", to: web}\n'
        ),
        "8080 is listened on, at <text>:2:15",
    ),
}

FILTERS = {
    "a module alone": Broken(front("filters: [»shop.tags]"), "package.module:Name"),
    "a path": Broken(front("filters: »./tags.py:Tags"), "is no filter's name"),
    "a number": Broken(front("filters: [»5]"), "5 is no map"),
    "a map without use": Broken(front("filters: [»{with: {}}]"), "is missing"),
    "a misspelt key": Broken(
        front("filters: [{use: a:B, »wiht: {}}]"), 'did you mean "with"?'
    ),
    "settings as a list": Broken(front("filters: [{use: a:B, with: »[1]}]"), "no map"),
    "too many": Broken(
        front(f"filters: »[{', '.join(['a:B'] * 17)}]"), "are more than 16"
    ),
}

TABLES = (MODES, HTTP, HEADERS, FTP, FILTERS)
EVERY = {name: broken for table in TABLES for name, broken in table.items()}


def test_the_tables_overlap_in_no_name() -> None:
    assert sum(map(len, TABLES)) == len(EVERY)
    assert FARMS in http("")


@pytest.mark.parametrize("broken", EVERY.values(), ids=EVERY.keys())
def test_the_error_is_told_once_at_its_place(broken: Broken) -> None:
    answer_is_right(broken)
