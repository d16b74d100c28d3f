"""The reference for people, docs/configuration.md, made from the model alone."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.config.keys import ITEM, NAME, ROOT, Key
from bridge.config.profile import BUILT_IN
from bridge.config.schema import typed

_INTRODUCTION = """\
# Configuration

<!-- Written by `make docs` from the model in bridge/config: change it there. -->

One YAML file describes the gateway. `bridgectl check FILE` says whether it is right
and what of it cannot work on this host, and refuses what a start by the same user would
fail with, such as a low port; `bridgectl explain KEY` says what stands here
about one key; `bridgectl schema` prints a JSON Schema, with which editors complete and
check the file while it is written.

The shortest useful file:

```yaml
fronts: {web: {listen: "[::]:80", to: web}}
farms:  {web: {servers: [192.0.2.10:80]}}
```

Everything but `fronts` and `farms` may be left out.

## How values are written

The scalars are those of YAML 1.2: `no`, `yes`, `on` and `22:22` are text, and a number
does not begin with a zero. What begins with a bracket, as IPv6 addresses do, needs
quotes. No key may be written twice, and an unknown key is an error.

| value | written as |
|---|---|
| a size | bytes, or with a unit: `65536`, `64KiB`, `1MiB`, `1GiB` |
| a time | seconds, or with a unit: `5`, `0.5`, `500ms`, `5s`, `2m`, `1h` |
| a rate | so many in a time: `100/s`, `30/m`, `1000/h` |
| a bandwidth | bits or bytes in a second: `100Mbit/s`, `10MiB/s` |
| true or false | `true`, `false`, and no other word |
| a name | letters, digits, `-`, `_` and `.`, at most 63, the first a letter or digit |
| a network | `192.0.2.0/24`, `"2001:db8::/32"`, or a single address; no bits beyond \
the prefix, and IPv4 networks as IPv4 |
| @file | `"@blocked.txt"`: the networks in that file, one a line |

`${NAME}` inside a value becomes what the environment says; `$$` is a dollar sign. It
is replaced after the file was parsed, so a variable holds text and never keys or
lists. A variable that is not set is an error. In `http.headers` names without a capital
letter (`${client}`) are those of each session.

Anchors and aliases work within bounds; merge keys (`<<`) do not, since YAML 1.2 has
none: profiles have `base` instead.

## Errors

All errors are told at once, each at its place, and the exit code is 78:

```
bridge.yaml:4:5: fronts.web.listn: unknown key, did you mean "listen"?
        listn: "[::]:80"
        ^
```
"""

_OPENINGS = {
    "profiles": "A profile says only what differs from its `base`. Fronts use `wan` "
    "and farms use `lan` unless they name another.",
    "fronts": "Each front listens, and hands its sessions to one farm.",
    "farms": "Each farm is a list of servers that can stand in for each other.",
}


def markdown() -> str:
    """The whole reference; docs/configuration.md is exactly this."""
    groups = [key for key in ROOT.below.values() if key.below]
    single = [key for key in ROOT.below.values() if not key.below]
    parts = [_INTRODUCTION, "## The top level\n", *_entries(single)]
    for key in groups:
        parts += _group(key)
    return "\n".join(parts)


def _group(key: Key) -> Iterator[str]:
    """A section for a top-level key, with everything below it."""
    yield f"## {key.path}\n"
    opening = _OPENINGS.get(key.path)
    yield f"{key.meaning}{' ' + opening if opening else ''}\n"
    if key.path == "profiles":
        yield _built_in()
    yield from _entries(key.all_below())


def _entries(keys: Iterator[Key] | list[Key]) -> Iterator[str]:
    for key in keys:
        if key.path.endswith((NAME, ITEM)):
            continue  # the map itself, whose keys follow
        yield f"### `{key.path}`\n"
        yield f"Type: {typed(key)}. {_default(key)}\n"
        yield f"{key.meaning}\n"


def _built_in() -> str:
    """What the built-in profiles set, taken from them."""
    rows = ["| built in | sets |", "|---|---|"]
    below = ROOT.below["profiles"].below[NAME].below
    neutral = {name: key.default for name, key in below.items()}
    for name, profile in BUILT_IN.items():
        shown = {
            "mtu": str(profile.mtu) if profile.mtu else neutral["mtu"],
            "user_timeout": f"{profile.user_timeout:g}s",
            "nodelay": "true" if profile.nodelay else "false",
            "keepalive": "off",
        }
        if profile.keepalive:
            alive = profile.keepalive
            shown["keepalive"] = (
                f"{{idle: {alive.idle:g}s, interval: {alive.interval:g}s, "
                f"probes: {alive.probes}}}"
            )
        sets = ", ".join(f"`{k}: {v}`" for k, v in shown.items() if v != neutral["mtu"])
        rows.append(f"| `{name}` | {sets} |")
    return "\n".join(rows) + "\n"


def _default(key: Key) -> str:
    if not key.default:
        return "Required."
    # What is no value that a file could hold is not set as one.
    spoken = key.default == "none" or (
        " " in key.default and not key.default.startswith("{")
    )
    return f"Default: {key.default}." if spoken else f"Default: `{key.default}`."
