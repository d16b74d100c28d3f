"""
YAML text to nodes, with the scalars of YAML 1.2 and with limits.

PyYAML's own loaders follow YAML 1.1, where ``no`` is false and ``22:22`` is 1342, and
put no bound on what they build; only its scanner, parser and composer are used here.
"""

from __future__ import annotations

import re
from typing import Any

from yaml import MappingNode, MarkedYAMLError, Node, ScalarNode, YAMLError
from yaml.composer import Composer
from yaml.error import Mark
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.scanner import Scanner
from yaml.tokens import ScalarToken

from bridge.config.problems import Flaw, Spot

MAX_TEXT = 1 << 20  # characters; a thousand farms are a tenth of it
MAX_DEPTH = 32  # the deepest key of the model is at 7
MAX_NODES = 50_000  # a thousand farms are a third; PyYAML takes a second for them

CORE = "tag:yaml.org,2002:"
ZEROS = "leading-zeros"
"""The kind of ``0755``: 493 to YAML 1.1 and 755 to YAML 1.2, so it is refused."""

# YAML 1.2.2 section 10.3.2, in order.
_SCALARS = (
    ("null", re.compile(r"null|Null|NULL|~|")),
    ("bool", re.compile(r"true|True|TRUE|false|False|FALSE")),
    ("int", re.compile(r"[-+]?(0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+")),
    ("float", re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")),
    ("float", re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")),
)
_LEADING_ZEROS = re.compile(r"[-+]?0[0-9]+")
_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")  # what PyYAML counts as lines

_BARE_ADDRESS = re.compile(r"\[[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(%[^]\s]*)?\](:[0-9-]+)?")
_BARE_IPV6 = re.compile(r"::[0-9A-Fa-f:./]*")
_BARE_VARIABLE = re.compile(r"\$\{[^}\s]*\}?")
_SPLIT = "put parts of it into files of their own, and name them under include"
_BRACE = "between brackets a bare brace begins a map in YAML"
_BARE_STAR = re.compile(r"(?<![\w\"'])\*:(?P<port>[0-9]{1,5})")
_GLUED = re.compile(r"\s*[A-Za-z0-9_-]+:(?=[\[{\"'])")
_EQUALS = re.compile(r"[A-Za-z0-9_]\s+=\s")
_KEY_ALONE = re.compile(r"\s*[A-Za-z0-9_.-]+\s*")
_STAR = "* begins an alias in YAML"
_BRACKET = "a bare bracket begins a list in YAML, not an address"
_COLON = "a bare colon ends a key in YAML"
_ADVICE = (
    ("mapping values are not", "a second colon: quote the text, or indent the map"),
    ("character '\\t'", "a tab: YAML is indented with spaces"),
    ("that cannot start any token", "a character no plain text starts with: quote it"),
    ("unexpected end of stream", "this is never closed"),
    ("'<stream end>'", "this is never closed"),
    ("undefined alias", "an alias without its anchor: * begins one; quote the text"),
    ("while scanning an alias", "* begins an alias: quote the text"),
    ("another document", "a second document: one file holds one configuration"),
    ("found duplicate anchor", "this anchor is defined twice"),
    ("<block end>", "this does not go on from above: check quotes and indentation"),
    ("expected ',' or", "a comma or the closing bracket is missing before this"),
    ("expected the node content", "a value is missing before this"),
)


_VARIABLE_TAIL = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")
_LONGEST_NAME = 256
_SPACES = "\0 \t\r\n\x85\u2028\u2029"


class _Loader(Reader, Scanner, Parser, Composer):
    """PyYAML up to the nodes; ``resolve`` is what YAML 1.2 says."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        self._nodes = 0
        self._depth = 0

    def scan_plain(self) -> ScalarToken:
        """
        Also ``${NAME}`` between brackets, where YAML would begin a map at its brace.

        Nothing that is YAML is read otherwise by that: no text can end at ``$`` there
        and be followed by a brace.
        """
        token: ScalarToken = super().scan_plain()
        while self.flow_level and token.value.endswith("$") and self.peek() == "{":
            ahead = _VARIABLE_TAIL.match(self.prefix(_LONGEST_NAME))
            if not ahead:
                break
            length = ahead.end()
            while not self._plain_ends(length):
                length += 1
            value = token.value + self.prefix(length)
            self.forward(length)
            token = ScalarToken(value, True, token.start_mark, self.get_mark())
        return token

    def _plain_ends(self, at: int) -> bool:
        """Whether bare text between brackets ends before the character at *at*."""
        if self.peek(at) == ":":
            at += 1  # by itself it is text
            return self.peek(at) in _SPACES or self.peek(at) in ",[]{}"
        return self.peek(at) in _SPACES or self.peek(at) in ",?[]{}"

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        self._nodes += 1
        self._depth += 1
        if self._depth > MAX_DEPTH or self._nodes > MAX_NODES:
            what = f"nested too deep, at most {MAX_DEPTH} may be"
            if self._depth <= MAX_DEPTH:
                what = f"too long, at most {MAX_NODES:,} values may be: {_SPLIT}"
            event = self.peek_event()
            raise MarkedYAMLError(None, None, what, event.start_mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def resolve(self, kind: type[Node], value: Any, implicit: Any) -> str:
        """The tag of a node without an explicit one."""
        if kind is not ScalarNode:
            return CORE + ("map" if kind is MappingNode else "seq")
        if not implicit[0]:  # quoted
            return CORE + "str"
        if _LEADING_ZEROS.fullmatch(value):
            return CORE + ZEROS
        for name, pattern in _SCALARS:
            if pattern.fullmatch(value):
                return CORE + name
        return CORE + "str"

    def descend_resolver(self, parent: Node | None, index: Any) -> None:
        """Composer announces where it is; ``resolve`` needs no path."""

    def ascend_resolver(self) -> None:
        """See descend_resolver."""


def lines_of(text: str) -> list[str]:
    """The lines of *text* as PyYAML counts them."""
    return _BREAK.split(text.removeprefix("\ufeff"))


def spot(file: str, mark: Mark) -> Spot:
    """PyYAML counts from 0, people from 1."""
    return Spot(file, mark.line + 1, mark.column + 1)


def too_long(file: str) -> Flaw:
    """The flaw of a file that nobody reads to its end."""
    limit = f"{MAX_TEXT:,} characters ({MAX_TEXT >> 20} MiB)"
    return Flaw(Spot(file, 1, 1), (), f"is longer than {limit}, the limit: {_SPLIT}")


def compose(text: str, file: str) -> Node | Flaw | None:
    """The root node of *text*, None where there is none, or why it is no YAML."""
    if len(text) > MAX_TEXT:
        return too_long(file)
    try:
        return _Loader(text).get_single_node()
    except ReaderError as error:
        before = lines_of(text[: error.position])
        at = Spot(file, len(before), len(before[-1]) + 1)
        return Flaw(at, (), f"a control character, U+{error.character:04X}: remove it")
    except MarkedYAMLError as error:
        return _explained(error, text, file)
    except (YAMLError, ValueError, OverflowError) as error:  # chr() of \UFFFFFFFF
        return Flaw(Spot(file, 1, 1), (), f"is no YAML: {error}")


def _explained(error: MarkedYAMLError, text: str, file: str) -> Flaw:
    """The flaw, and the quotes that are missing where an address stands bare."""
    lines = lines_of(text)
    mark = error.problem_mark or error.context_mark
    at = spot(file, mark) if mark else Spot(file, 1, 1)
    if at.line >= len(lines) and not "".join(lines[at.line - 1 :]).strip():
        # The end of the file tells nobody where the bracket was opened.
        at = spot(file, error.context_mark) if error.context_mark else at
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    missing = _missing_quotes(line, at) or _missing_mark(lines, at)
    if missing:
        return missing
    problem = " ".join(filter(None, (error.context, error.problem)))
    for part, advice in _ADVICE:
        if part in problem:
            return Flaw(at, (), f"is no YAML: {advice}")
    return Flaw(at, (), f"is no YAML: {problem}")


def _missing_quotes(line: str, at: Spot) -> Flaw | None:
    """What stands bare at *at* in *line* and means something else to YAML."""
    for pattern, why in ((_BARE_ADDRESS, _BRACKET), (_BARE_VARIABLE, _BRACE)):
        for bare in pattern.finditer(line):
            quoted = line[: bare.start()].endswith(('"', "'"))
            if bare.start() < at.column <= bare.end() + 1 and not quoted:
                here = Spot(at.file, at.line, bare.start() + 1)
                return Flaw(here, (), f'{why}: quote it: "{bare[0]}"')
    star = _BARE_STAR.search(line)
    if star and star.start() < at.column <= star.end() + 1:
        return Flaw(at, (), f'{_STAR}: write "[::]:{star["port"]}", quoted')
    colons = _BARE_IPV6.match(line, at.column - 1)
    return Flaw(at, (), f'{_COLON}: quote it: "{colons[0]}"') if colons else None


def _missing_mark(lines: list[str], at: Spot) -> Flaw | None:
    """A colon or the space behind it that was forgotten, as far as can be seen."""
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    glued = _GLUED.match(line)
    if glued:
        here = Spot(at.file, at.line, glued.end() + 1)
        return Flaw(here, (), "is no YAML: a space is missing after the colon")
    if _EQUALS.search(line[: at.column]):
        return Flaw(at, (), "is no YAML: write a colon and a space instead of =")
    above = lines[at.line - 2] if at.line > 1 else ""
    if _KEY_ALONE.fullmatch(above) and len(above) - len(above.lstrip()) < at.column:
        here = Spot(at.file, at.line - 1, len(above.rstrip()) + 1)
        return Flaw(here, (), "is no YAML: a colon is missing here")
    return None
