"""
Every way to get wrong who the client is and who may come in, in the manner of
``test_broken_configurations``: in each text » stands where the one error must point.
"""

import pytest

from tests.test_broken_configurations import (
    ALL,
    Broken,
    answer_is_right,
    farm,
    front,
    listening,
)

PREFIX = "2001:db8:64::/96"


def mapped(keys: str, listen: str = '"[::]:80"') -> str:
    """A front that leads to a farm with the keys of a map."""
    fronts = f"fronts: {{web: {{listen: {listen}, to: web}}}}\n"
    return f"{fronts}farms:\n  web:\n    map: {{{keys}}}\n"


def beside(keys: str) -> str:
    """A farm that is a map, with *keys* beside it."""
    return mapped(f'prefix: "{PREFIX}", to: [192.0.2.0/24]') + f"    {keys}\n"


def header(keys: str) -> str:
    return farm(f"send_proxy: {{{keys}}}")


def led(fronts: str, farms: str) -> str:
    return f"fronts: {{{fronts}}}\nfarms: {{{farms}}}\n"


SIX = 'a: {listen: "[::]:80", to: web}'
BOTH = 'a: {listen: "[::]:80", dual_stack: true, to: web}'
PROXIED = 'a: {listen: "0.0.0.0:80", accept_proxy: 192.0.2.9, to: web}'

DOOR = {
    "a mapped sender": Broken(
        front('accept_proxy: [»"::ffff:10.0.0.0/104"]'), "write 10.0.0.0/8"
    ),
    "senders in words": Broken(front("accept_proxy: [»all]"), "is no network"),
    "a sender's host bits": Broken(front("accept_proxy: »10.0.0.1/8"), "beyond its"),
    "no sessions": Broken(front("limits: {per_source: »0}"), "0 is below 1"),
    "sessions as a rate": Broken(front("limits: {per_source: »5/s}"), "number, or off"),
    "a rate as a number": Broken(front("limits: {new_per_source: »5}"), "write 100/s"),
    "a rate of bits": Broken(front("limits: {new_per_source: »1Mbit/s}"), "no rate"),
    "no bits of an address": Broken(
        front("limits: {source_prefix: {ipv6: »0}}"), "0 is below 1"
    ),
    "too many bits": Broken(front("limits: {source_prefix: {ipv4: »64}}"), "above 32"),
    "one prefix for both": Broken(front("limits: {source_prefix: »64}"), "no map"),
    "bytes without a time": Broken(front("limits: {bandwidth: »1MiB}"), "100Mbit/s"),
    "a plain bandwidth": Broken(front("limits: {bandwidth: »1000000}"), "no bandwidth"),
    "hardly any": Broken(front("limits: {bandwidth: {session: »1bit/s}}"), "not in"),
    "a farm's bandwidth": Broken(
        front("limits: {bandwidth: {»farm: 1Gbit/s}}"), "front, session"
    ),
    "a file in a text": Broken(front('deny: [»"@x.txt"]'), "only a file can name"),
    "a file without name": Broken(front('deny: »"@"'), "'@' names no file"),
}

LISTENS = {
    "bits beyond a prefix": Broken(
        listening('»"[2001:db8:64::1/96]:443"'), "write [2001:db8:64::/96]:443"
    ),
    "a prefix without port": Broken(listening('»"[2001:db8:64::/96]"'), "with a port"),
    "a prefix's port 0": Broken(listening('»"[2001:db8:64::/96]:0"'), "not in 1..65"),
    "a prefix outside brackets": Broken(
        listening('»"2001:db8:64::/96"'), "write [2001:db8:64::/96]:443"
    ),
    "an IPv4 prefix": Broken(listening("»192.0.2.0/24:443"), "is no IP address"),
    "IPv4 in brackets": Broken(listening('»"[192.0.2.0/24]:443"'), "no IPv6 network"),
    "everything": Broken(listening('»"[::/0]:443"'), "'::/0' is no prefix"),
    "link-local ones": Broken(listening('»"[fe80::/64]:443"'), "is link-local"),
    "every port of one address": Broken(listening('»"[2001:db8::1]:*"'), "no port"),
    "a prefix and every address": Broken(
        listening(f'["[::]:443", »"[{PREFIX}]:443"]'),
        f"and stands already at <text>:3:14, so [{PREFIX}]:443 cannot be had",
    ),
    "two fronts' prefixes at one port": Broken(
        led(
            f'a: {{listen: "[{PREFIX}]:443", to: web}}, '
            'b: {listen: »"[2001:db8:65::/96]:443", to: web}',
            "web: {servers: [192.0.2.1:80]}",
        ),
        f"one port of prefixes is for one front, and [{PREFIX}]:443 is at <text>:1",
    ),
    "two fronts' hidden ports": Broken(
        led(
            f'a: {{listen: "[{PREFIX}]:*", to: web}}, '
            'b: {listen: »"[2001:db8:65::/96]:*", to: web}',
            "web: {servers: [192.0.2.1:80]}",
        ),
        "give this front another tproxy_port",
    ),
    "a hidden port that is taken": Broken(
        listening(f'["[::1]:6052", »"[{PREFIX}]:*"]'),
        "[::1]:6052, to which it is diverted, is taken, at <text>:3:14",
    ),
    "an address in a diverted prefix": Broken(
        listening(f'["[{PREFIX}]:*", »"[2001:db8:64::5]:80"]'),
        f"[2001:db8:64::5]:80 has addresses of [{PREFIX}]:*, at <text>:3:14",
    ),
    "a prefix within another": Broken(
        listening(f'["[2001:db8:64::/64]:*", »"[{PREFIX}]:443"]'), "only one front"
    ),
    "a mark that is ours": Broken(
        "profiles: {mine: {mark: »0x1001}}\n" + listening(f'"[{PREFIX}]:*"'),
        "has bit 0x1000",
    ),
    "no hidden port": Broken(front("tproxy_port: »0"), "0 is below 1"),
}

SOURCES = {
    "a pool of IPv6": Broken(farm('source: {pool: »"2001:db8::/64"}'), "no IPv4"),
    "a pool of ourselves": Broken(
        farm("source: {pool: »127.0.0.0/8}"), "is no pool: 1"
    ),
    "a pool of everything": Broken(farm("source: {pool: »0.0.0.0/0}"), "is no pool"),
    "a pool's host bits": Broken(farm("source: {pool: »100.64.0.1/10}"), "beyond its"),
    "no pool": Broken(farm("»source: {per: 64}"), "is missing: give an IPv4 network"),
    "no bits": Broken(farm("source: {pool: 100.64.0.0/10, per: »0}"), "0 is below 1"),
    "no key": Broken(farm('source: {pool: 100.64.0.0/10, key: »""}'), "1 to 64 bytes"),
    "a misspelt pool": Broken(farm("source: {»poool: 100.64.0.0/10}"), '"pool"?'),
    "a client that is none": Broken(farm("source: {client: »false}"), "source: auto"),
    "a client in a list": Broken(farm("source: [»client]"), "write auto, client"),
    "what is no alternative": Broken(
        farm("source: {client: true, otherwise: »client}"), "servers of the other"
    ),
    "an alternative that is no address": Broken(
        farm("source: {client: true, otherwise: [192.0.2.9, »x]}"), "is no address"
    ),
    "an alternative's pool": Broken(
        farm("source: {client: true, otherwise: {pool: »x}}"), "is no network"
    ),
    "only an alternative": Broken(
        farm("»source: {otherwise: auto}"), "is missing: give true"
    ),
    "clients of another family": Broken(
        farm("source: »client"),
        "front web may have clients that are not IPv4, and 192.0.2.10:80 is",
    ),
    "some clients of another family": Broken(
        led(BOTH, 'web: {source: »client, servers: ["[2001:db8::1]:80"]}'), "not IPv6"
    ),
    "clients of any family by a header": Broken(
        led(PROXIED, "web: {source: »client, servers: [192.0.2.1:80]}"), "not IPv4"
    ),
    "clients of no family": Broken(
        led(
            'a: {listen: "unix:/run/x", to: web}',
            "web: {source: »client, servers: [192.0.2.1:80]}",
        ),
        "front a may have clients",
    ),
    "an alternative of another family": Broken(
        led(
            SIX,
            "web: {source: {client: true, otherwise: »2001:db8::9}, "
            "servers: [192.0.2.1:80]}",
        ),
        "has no IPv4 address, which 192.0.2.1:80 needs",
    ),
    "a pool for servers of IPv6": Broken(
        led(SIX, 'web: {source: »{pool: 10.0.0.0/8}, servers: ["[2001:db8::1]:80"]}'),
        "has no IPv6 address",
    ),
    "a server in a pool": Broken(
        led(
            SIX,
            "web: {servers: [192.0.2.1:80, »10.1.2.3:80]}, "
            "b: {servers: [192.0.2.2:80], source: {pool: 10.0.0.0/8}}",
        ),
        "10.1.2.3:80 is in the pool 10.0.0.0/8 of farm b, which is all this host's",
    ),
    "a server in a prefix": Broken(
        led(
            f'a: {{listen: "[{PREFIX}]:443", to: web}}',
            'web: {servers: [{address: »"[2001:db8:64::1]:80"}]}',
        ),
        f"is in the prefix {PREFIX} of front a",
    ),
    "a client's mark": Broken(
        'profiles: {mine: {mark: »4096}}\nfronts: {a: {listen: "[::]:80", to: web}}\n'
        'farms: {web: {source: client, servers: ["[2001:db8::1]:80"]}}\n',
        "has bit 0x1000",
    ),
}

HEADERS = {
    "a third version": Broken(farm("send_proxy: »v3"), "neither off, v1, v2 nor a map"),
    "on": Broken(farm("send_proxy: »on"), "neither off"),
    "a version as a number": Broken(header("version: »2"), "2 is not v1 or v2"),
    "fields of version 1": Broken(header("version: v1, »pass: [alpn]"), "no fields"),
    "more of them": Broken(header("version: v1, »add: [crc32c]"), "belongs to version"),
    "an unknown field": Broken(header("pass: [»sni]"), "'sni' is none of alpn"),
    "a checksum passed on": Broken(header("pass: »crc32c"), "write crc32c under add"),
    "a number unquoted": Broken(header("pass: [»0xE0]"), 'or text: "0xE0"'),
    "a number with a name": Broken(header('pass: [»"0x02"]'), "write authority"),
    "a reserved type": Broken(header('pass: [»"0xF8"]'), "is reserved"),
    "what cannot be made": Broken(header("add: [alpn, »netns]"), "cannot be made"),
    "a field twice": Broken(header("add: »[alpn, alpn]"), "has a field twice"),
    "fields in a map": Broken(header("add: »{alpn: yes}"), "a map is no field"),
    "an unknown key": Broken(header("»passed: [alpn]"), 'did you mean "pass"?'),
    "another form's key": Broken(
        led(
            'a: {listen: "0.0.0.0:80", to: web}',
            "web: {servers: [192.0.2.9:80], source: {client: true, »per: 64}}",
        ),
        "does not go with the keys beside it",
    ),
}

MAPS = {
    "nowhere to lead": Broken(
        mapped(f'prefix: "{PREFIX}"').replace("map:", "»map:"), "give an IPv4 network"
    ),
    "an empty list": Broken(mapped(f'prefix: "{PREFIX}", to: »[]'), "at least one"),
    "neither prefix nor eam": Broken(
        mapped("to: 192.0.2.0/24").replace("map: {", "map: »{"),
        "neither prefix nor eam",
    ),
    "a length of its own": Broken(
        mapped('prefix: »"2001:db8::/80", to: 192.0.2.0/24'), "is one of /32, /40"
    ),
    "an IPv4 prefix": Broken(
        mapped("prefix: »10.0.0.0/8, to: 192.0.2.0/24"), "is no IPv6 network"
    ),
    "bits that are reserved": Broken(
        mapped('prefix: »"2001:db8:0:0:100::/96", to: 192.0.2.0/24'), "must be zero"
    ),
    "a link-local prefix": Broken(
        mapped('prefix: »"fe80::/64", to: 192.0.2.0/24'), "is link-local"
    ),
    "no network": Broken(mapped(f'prefix: "{PREFIX}", to: [»all]'), "is no network"),
    "where no map leads": Broken(
        mapped(f'prefix: "{PREFIX}", to: [192.0.2.0/24, »127.0.0.0/16]'),
        "'127.0.0.0/16' is never reached: 127.0.0.0/8 is the gateway itself",
    ),
    "this network": Broken(mapped(f'prefix: "{PREFIX}", to: »0.0.0.0'), "destination"),
    "link-local servers": Broken(
        mapped(f'prefix: "{PREFIX}", to: »169.254.0.0/24'), "is link-local"
    ),
    "multicast": Broken(mapped(f'prefix: "{PREFIX}", to: »224.0.0.0/4'), "multicast"),
    "broadcast": Broken(
        mapped(f'prefix: "{PREFIX}", to: »255.255.255.255'), "is reserved"
    ),
    "IPv6 servers": Broken(
        mapped(f'prefix: "{PREFIX}", to: [»"2001:db8::/64"]'), "is no IPv4 network"
    ),
    "private ones behind the well-known prefix": Broken(
        mapped('prefix: "64:ff9b::/96", to: [»10.0.0.0/8, 8.8.8.0/24]'),
        "must not carry 10.0.0.0/8, which is not global (RFC 6052, section 3.1)",
    ),
    "a pool to lead to": Broken(
        mapped(f'prefix: "{PREFIX}", to: »100.64.1.0/24')
        + "    source: {pool: 100.64.0.0/10}\n",
        "is in the pool 100.64.0.0/10",
    ),
    "an entry without back": Broken(
        mapped('eam: [»{front: "2001:db8:1::/120"}], to: 192.0.2.0/24'), "is missing"
    ),
    "an entry with too few addresses": Broken(
        mapped('eam: [»{front: "2001:db8::/120", back: 10.0.0.0/8}], to: 10.0.0.0/8'),
        "has fewer addresses than",
    ),
    "a front of two entries": Broken(
        mapped(
            'eam: [{front: "2001:db8::/120", back: 192.0.2.0/24}, '
            '{front: »"2001:db8::/120", back: 198.51.100.0/24}], to: 192.0.2.0/24'
        ),
        "2001:db8::/120 is mapped already, at <text>:4:25",
    ),
    "a back of two entries": Broken(
        mapped(
            'eam: [{front: "2001:db8::/120", back: 192.0.2.0/24}, '
            '{front: "2001:db8:1::/120", back: »192.0.2.0/24}], to: 192.0.2.0/24'
        ),
        "192.0.2.0/24 is mapped already",
    ),
    "IPv6 behind": Broken(
        mapped('eam: [{front: "2001:db8::/120", back: »"::1"}], to: 192.0.2.0/24'),
        "is no IPv4 network",
    ),
    "a single port": Broken(
        mapped(f'prefix: "{PREFIX}", to: 192.0.2.0/24, ports: »443'), "neither same"
    ),
    "no ports": Broken(
        mapped(f'prefix: "{PREFIX}", to: 192.0.2.0/24, ports: »{{}}'), "write same"
    ),
    "a port in words": Broken(
        mapped(f'prefix: "{PREFIX}", to: 192.0.2.0/24, ports: {{»https: 443}}'),
        "'https' is no port",
    ),
    "a port beyond": Broken(
        mapped(f'prefix: "{PREFIX}", to: 192.0.2.0/24, ports: {{443: »65536}}'),
        "65536 is no port",
    ),
    "a map and servers": Broken(
        beside("servers: [192.0.2.1:80]").replace("map:", "»map:"), "or a map: take one"
    ),
    "a balance": Broken(beside("»balance: first"), "which chooses none"),
    "a hash key": Broken(beside("»hash_key: x"), "does nothing for a map"),
    "a slow start": Broken(beside("»slow_start: 1m"), "does nothing for a map"),
    "a map in words": Broken(
        mapped("x").replace("{x}", "»on"), "neither off nor a map like"
    ),
    "neither": Broken(
        mapped("x")
        .replace("    map: {x}", "    retries: 1")
        .replace("  web:\n", "  »web:\n"),
        "is missing: give a list of servers",
    ),
    "an IPv4 front": Broken(
        mapped(f'prefix: "{PREFIX}", to: 192.0.2.0/24', "»0.0.0.0:80"),
        "the map of farm web has no address of it",
    ),
    "a front elsewhere": Broken(
        mapped(f'prefix: "{PREFIX}", to: 192.0.2.0/24', '»"[2001:db8::80]:80"'),
        f"listen on [{PREFIX}]:PORT",
    ),
    "another prefix": Broken(
        mapped(f'prefix: "{PREFIX}", to: 192.0.2.0/24', '»"[2001:db8:65::/96]:80"'),
        "has no address of it",
    ),
    "a socket in front of a map": Broken(
        mapped(f'prefix: "{PREFIX}", to: 192.0.2.0/24', "»unix:/run/x"),
        "has no address of it",
    ),
    "a client's own address behind a map": Broken(
        beside("source: »client"), "and what its map leads to is"
    ),
    "a map's sources": Broken(
        beside('source: »"2001:db8::9"'), "which what its map leads to needs"
    ),
}

TABLES = (DOOR, LISTENS, SOURCES, HEADERS, MAPS)
BROKEN = [broken for table in TABLES for broken in table.values()]


def test_no_text_is_broken_twice() -> None:
    texts = [broken.text for broken in (*BROKEN, *ALL.values())]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    "broken", BROKEN, ids=[name for table in TABLES for name in table]
)
def test_the_error_is_told_once_at_its_place(broken: Broken) -> None:
    answer_is_right(broken)
