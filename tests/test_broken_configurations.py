"""
Every way to get a configuration wrong, and what the operator is told.

In each text » stands where the one error must point; it is taken out before reading.
"""

from typing import NamedTuple

import pytest

from bridge.config import ConfigError, parse

MARK = "»"
FRONTS = 'fronts: {web: {listen: "[::]:80", to: web}}\n'
FARMS = "farms: {web: {servers: [192.0.2.10:80]}}\n"


class Broken(NamedTuple):
    """A text, and a distinctive part of the one message it must give."""

    text: str
    message: str


def front(keys: str) -> str:
    """One front with *keys* beside what it must have."""
    return f'fronts:\n  web:\n    listen: "[::]:80"\n    to: web\n    {keys}\n{FARMS}'


def listening(listen: str) -> str:
    return f"fronts:\n  web:\n    listen: {listen}\n    to: web\n{FARMS}"


def farm(keys: str) -> str:
    """One farm with *keys* beside its servers."""
    return f"{FRONTS}farms:\n  web:\n    servers: [192.0.2.10:80]\n    {keys}\n"


def serving(servers: str) -> str:
    return f"{FRONTS}farms:\n  web:\n    servers: {servers}\n"


def profile(keys: str) -> str:
    return f"profiles:\n  mine: {{{keys}}}\n{FRONTS}{FARMS}"


def top(keys: str) -> str:
    return f"{FRONTS}{FARMS}{keys}\n"


SYNTAX = {
    "nothing at all": Broken("»", "is empty: it needs fronts and farms"),
    "only a comment": Broken("»# later\n", "is empty"),
    "a list": Broken("»[fronts, farms]\n", "a list is no map"),
    "a word": Broken("»bridge\n", "'bridge' is no map"),
    "bare brackets": Broken(listening("»[::]:80"), 'quote it: "[::]:80"'),
    "bare brackets with an address": Broken(
        listening("»[2001:db8::1]:443"), 'quote it: "[2001:db8::1]:443"'
    ),
    "bare brackets in a list": Broken(
        listening('["[::]:80", »[::]:81]'), 'quote it: "[::]:81"'
    ),
    "bare brackets in a map": Broken(
        "fronts: {web: {listen: »[::]:80, to: web}}\n" + FARMS, 'quote it: "[::]:80"'
    ),
    "bare brackets after a dash": Broken(
        listening("\n      - »[::1]:80-90"), 'quote it: "[::1]:80-90"'
    ),
    "a bare network": Broken(front("deny: [»::/0]"), 'quote it: "::/0"'),
    "a tab": Broken("fronts:\n»\tweb: x\n", "a tab: YAML is indented with spaces"),
    "an at sign": Broken(top("log: {access: »@x}"), "quote it"),
    "a bare asterisk": Broken(listening("*»:80"), "* begins an alias"),
    "an unknown alias": Broken(front("profile: »*x"), "an alias without its anchor"),
    "a quote never closed": Broken(top("log: {access: »'-}"), "never closed"),
    "a brace never closed": Broken("fronts: »{web: 1\n", "never closed"),
    "a comma left out": Broken(
        front("limits: {connections: 5 per_source»: off}"), "a comma or the closing"
    ),
    "two colons in a line": Broken("fronts: web»: x\n", "a second colon"),
    "a key less indented": Broken(
        "fronts:\n    web: {}\n  »farms: {}\n", "check quotes and indentation"
    ),
    "a control character": Broken(top("log: {access: »\x07}"), "U+0007"),
    "two documents": Broken(FRONTS + FARMS + "»---\n" + FRONTS, "a second document"),
    "a list nested too deep": Broken("[" * 32 + "»[" + "]" * 33, "nested too deep"),
    "a list in itself": Broken(front("deny: »&a [*a]"), "contains itself"),
}

YAML = {
    "a key twice": Broken(front("»to: web"), "is written twice: first at <text>:4:5"),
    "a name twice": Broken(
        FRONTS + 'farms:\n  web: {servers: ["192.0.2.1:80"]}\n  »web: {}\n', "twice"
    ),
    "a section twice": Broken(top("»fronts: {}"), "first at <text>:1:1"),
    "a merge key": Broken(front("»<<: {}"), "YAML 1.1"),
    "a list as key": Broken(front("? »[x]\n    : y"), "a key must be text"),
    "an own tag": Broken(front("mode: »!mine stream"), "has the tag !mine"),
    "a Python tag": Broken(
        front("mode: »!!python/object/apply:os.getcwd []"), "leave it out"
    ),
    "a wrong tag": Broken(front("limits: {connections: »!!int x}"), "'x' is no int"),
    "a leading zero": Broken(
        front("limits: {connections: »0755}"), 'write 755, 0o755 or "0755"'
    ),
    "a key without value": Broken(front("»mode:"), "has no value"),
    "a tilde": Broken(front("profile: »~"), "has no value"),
    "a front without value": Broken("fronts:\n  »web:\n" + FARMS, "has no value"),
    "a variable that is not set": Broken(
        front("profile: »${NOT_SET}"), "NOT_SET is not in the environment"
    ),
    "a variable with a default": Broken(
        front("profile: »${SIDE:-wan}"), "'${SIDE:-wan}' is no variable"
    ),
    "a variable never closed": Broken(front('profile: »"${SIDE"'), "write ${NAME}"),
    "a variable for a list": Broken(
        front('deny: »"${LIST}"'), "'[::/0]' is no network"
    ),
    "include in a text": Broken(top("include: [»x.yaml]"), "only a file can include"),
}

KEYS = {
    "no fronts": Broken("»" + FARMS, "is missing: give a map of names"),
    "no farms": Broken("»" + FRONTS, "is missing: give a map of names"),
    "no front": Broken("fronts: »{}\n" + FARMS, "at least one"),
    "an unknown section": Broken(top("»front: {}"), 'did you mean "fronts"?'),
    "a misspelt front key": Broken(front("»profil: wan"), 'did you mean "profile"?'),
    "a misspelt and required key": Broken(
        'fronts: {web: {»listn: "[::]:80", to: web}}\n' + FARMS, '"listen"?'
    ),
    "a key like no other": Broken(
        front("timeouts: {»zzz: 1}"),
        "known here: close, greeting, half_closed, idle, open",
    ),
    "a misspelt server key": Broken(
        serving('[{address: "192.0.2.1:80", »nmae: x}]'), 'did you mean "name"?'
    ),
    "a misspelt profile key": Broken(profile("»dcsp: 1"), 'did you mean "dscp"?'),
    "a front without listen": Broken("fronts:\n  »web: {to: web}\n" + FARMS, "missing"),
    "a farm without servers": Broken(
        FRONTS + "farms:\n  »web: {retries: 1}\n", "give a list of servers"
    ),
    "a server without address": Broken(serving("[»{name: x}]"), "is missing"),
    "a farm without server": Broken(serving("»[]"), "at least one"),
    "a front that listens nowhere": Broken(listening("»[]"), "at least one"),
    "a list for a map": Broken(front("limits: »[5]"), "a list is no map"),
    "a text for a list": Broken(serving("»192.0.2.1:80"), "is no list"),
    "a name with a space": Broken(top('profiles: {»"a b": {}}'), "is no name"),
    "a number for a name": Broken(front("profile: »5"), "5 is no text: quote it"),
}

ADDRESSES = {
    "no port": Broken(listening("»192.0.2.1"), "has no port"),
    "no port in brackets": Broken(listening('»"[::1]"'), "write '[::1]:80'"),
    "no brackets": Broken(listening('»"2001:db8::1:80"'), "write [2001:db8::1]:80"),
    "no brackets, the second": Broken(
        listening('["[::]:80", »"2001:db8::1:80"]'), "stands in brackets"
    ),
    "brackets for IPv4": Broken(listening('»"[192.0.2.1]:80"'), "192.0.2.1:80"),
    "an octet too many": Broken(listening("»192.0.2.256:80"), "is no IP address"),
    "a name to listen on": Broken(listening("»localhost:80"), "is no IP address"),
    "port 65536": Broken(listening("»192.0.2.1:65536"), "not in 1..65535"),
    "a service's name": Broken(listening("»192.0.2.1:http"), "'http' is no port"),
    "only a port": Broken(listening("»80"), "80 is no address"),
    "a range turned round": Broken(listening('»"[::]:9-8"'), "from low to high"),
    "a range too long": Broken(listening('»"[::]:1-1025"'), "at most 1024 ports"),
    "link-local without scope": Broken(listening('»"[fe80::1]:25"'), "[fe80::1%eth0]"),
    "a scope for a global address": Broken(
        listening('»"[2001:db8::1%eth0]:25"'), "only a link-local address has a scope"
    ),
    "IPv4 in IPv6": Broken(listening('»"[::ffff:192.0.2.1]:80"'), "write 192.0.2.1:80"),
    "a relative socket": Broken(listening("»unix:x.sock"), "absolute path"),
    "an abstract socket": Broken(listening("»unix:@x"), "absolute path"),
    "a socket's path too long": Broken(
        listening("»unix:/" + "x" * 107), "longer than 107 bytes"
    ),
    "systemd without name": Broken(listening('»"systemd:"'), "FileDescriptorName"),
    "an address twice": Broken(
        listening('["[::]:80", »"[0::0]:80"]'), "taken already, at <text>:3:14"
    ),
    "a range over an address": Broken(
        listening('["[::]:80", »"[::]:70-90"]'), "[::]:80 is taken already"
    ),
    "two fronts at one address": Broken(
        'fronts:\n  a: {listen: "[::]:80", to: web}\n'
        f'  b: {{listen: »"[::]:80", to: web}}\n{FARMS}',
        "<text>:2:15: choose another",
    ),
    "dual stack over IPv4": Broken(
        'fronts:\n  a: {listen: "[::]:80", dual_stack: true, to: web}\n'
        f"  b: {{listen: »0.0.0.0:80, to: web}}\n{FARMS}",
        "0.0.0.0:80 is taken",
    ),
    "host bits": Broken(front("deny: [192.0.2.0/24, »10.0.0.1/8]"), "10.0.0.0/8"),
    "a mapped network": Broken(
        front('allow: [»"::ffff:10.0.0.0/104"]'), "IPv4 network in disguise"
    ),
    "a network with scope": Broken(front('deny: »"fe80::%eth0/64"'), "no scope id"),
    "no network": Broken(front("allow: [»all]"), "'all' is no network"),
    "a server without port": Broken(serving("[»192.0.2.1]"), "has no port"),
    "a server on port 0": Broken(serving("[»192.0.2.1:0]"), "1 to 65535"),
    "a server everywhere": Broken(serving("[»0.0.0.0:80]"), "no server"),
    "a server's socket": Broken(serving("[»unix:/run/x]"), "is ADDRESS:PORT"),
    "a server in a map": Broken(
        serving('[{name: a, address: »"192.0.2.1"}]'), "has no port"
    ),
    "two servers of one name": Broken(
        serving('[{address: "192.0.2.1:80", name: a}, '
                '{address: "192.0.2.2:80", name: »a}]'),
        "names another server already, at <text>:4:47",
    ),
    "a server twice": Broken(serving("[192.0.2.1:80, »192.0.2.1:80]"), "already, at"),
}  # fmt: skip

VALUES = {
    "no, which is text": Broken(profile("nodelay: »no"), "neither true nor false"),
    "a switch as number": Broken(profile("quickack: »1"), "neither true nor false"),
    "a size in kB": Broken(profile("send_buffer: »64kB"), "64KiB, 1MiB or plain bytes"),
    "a size with a point": Broken(profile("send_buffer: »1.5MiB"), "is no size"),
    "a size too small": Broken(profile("receive_buffer: »1KiB"), "below 4KiB"),
    "a size too large": Broken(profile("window_clamp: »2GiB"), "above 1GiB"),
    "off for auto": Broken(profile("send_buffer: »off"), "bytes, or auto"),
    "a time in words": Broken(profile("user_timeout: »30sec"), "500ms, 5s, 2m, 1h"),
    "a time of base 60": Broken(profile("user_timeout: »1:30"), "'1:30' is no time"),
    "a time below nothing": Broken(front("timeouts: {idle: »-5s}"), "is no time"),
    "no time at all": Broken(front("timeouts: {open: »0}"), "0s is below 1ms"),
    "an endless time": Broken(front("timeouts: {idle: ».inf}"), "is no time"),
    "an MSS too small": Broken(profile("mss: »-1"), "auto, safe, or 88 to 32767"),
    "an MSS in words": Broken(profile("mss: »small"), "'small' is no MSS"),
    "an MTU too small": Broken(profile("mtu: »20"), "20 is below 68"),
    "a DSCP too large": Broken(profile("dscp: »64"), "0 to 63"),
    "a DSCP of no class": Broken(profile("dscp: »AF44"), "'AF44' is no DSCP"),
    "a mark too large": Broken(profile("mark: »0x100000000"), "above"),
    "keepalive as a time": Broken(profile("keepalive: »60s"), "neither off nor a map"),
    "keepalive at once": Broken(profile("keepalive: {idle: »0}"), "0s is below 1s"),
    "too many probes": Broken(profile("keepalive: {probes: »128}"), "above 127"),
    "an interface with a slash": Broken(profile("interface: »a/b"), "an interface's"),
    "an algorithm in capitals": Broken(profile("congestion: »BBR"), "an algorithm"),
    "no connections": Broken(front("limits: {connections: »0}"), "0 is below 1"),
    "a number with a point": Broken(
        farm("retries: »1.5"), "1.5 is no whole number"
    ),
    "a mode like no other": Broken(front("mode: »tcp"), "'tcp' is not stream"),
    "a misspelt level": Broken(top("log: {level: »debgu}"), 'did you mean "debug"?'),
    "a log nowhere": Broken(top("log: {access: »5}"), "for standard output"),
    "no worker": Broken(top("workers: »0"), "0 is below 1"),
    "too many workers": Broken(top("workers: »65"), "65 is above 64"),
    "no list of processors": Broken(top("cpus: »2"), "write [0, 1] or auto"),
    "no processor": Broken(top("cpus: »[-1]"), "-1 is no processor"),
    "processors for others": Broken(
        top("workers: 3\ncpus: »[0, 1]"), "2 processors for 3 workers"
    ),
    "a delay for days": Broken(top("timeouts: {drain_delay: »25h}"), "above 24h"),
}  # fmt: skip

REFERENCES = {
    "no such farm": Broken(
        FRONTS.replace("to: web", "to: »wbe") + FARMS, 'did you mean "web"?'
    ),
    "no such profile": Broken(front("profile: »wam"), 'did you mean "wan"?'),
    "no such profile for a farm": Broken(farm("profile: »x"), "known here: jumbo, lan"),
    "no such base": Broken(profile("base: »jmbo"), 'did you mean "jumbo"?'),
    "its own base": Broken(profile("base: »mine"), "mine -> mine"),
    "a built-in profile": Broken(top("profiles: {»lan: {}}"), "lan is built in"),
}

TOGETHER = {
    "a check of TLS": Broken(farm("check: {kind: »tls}"), "and it has none"),
    "a service without identity": Broken(
        FRONTS + "farms: {web: {tls: {}, servers: [»srv:_x._tcp.farm.test]}}\n",
        "names no host to be verified: give tls an identity",
    ),
    "heartbeats all the time": Broken(top("log: {every: »0.1}"), "1s"),
}

ALL = {
    name: broken
    for table in (SYNTAX, YAML, KEYS, ADDRESSES, VALUES, REFERENCES, TOGETHER)
    for name, broken in table.items()
}


def place(text: str) -> tuple[int, int]:
    """The line and column of the mark, from 1."""
    before = text[: text.index(MARK)].split("\n")
    return len(before), len(before[-1]) + 1


def test_the_tables_overlap_in_no_name_and_are_long() -> None:
    tables = (SYNTAX, YAML, KEYS, ADDRESSES, VALUES, REFERENCES, TOGETHER)
    assert sum(map(len, tables)) == len(ALL) >= 100


def answer_is_right(broken: Broken) -> None:
    """One error, at the mark, that says what it must."""
    text = broken.text.replace(MARK, "")
    with pytest.raises(ConfigError) as caught:
        parse(text, environment={"LIST": "[::/0]"})
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == place(broken.text), str(problem)
    assert broken.message in problem.message


@pytest.mark.parametrize("broken", ALL.values(), ids=ALL.keys())
def test_the_error_is_told_once_at_its_place(broken: Broken) -> None:
    answer_is_right(broken)
