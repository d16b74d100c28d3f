"""
The door to the configuration: text or a file in, a ``Document`` out.

``load`` is the only function that reads files.  Whatever is wrong is raised as one
ConfigError that holds all of it.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bridge.config import problems, references, wording
from bridge.config.keys import ROOT
from bridge.config.model import Config
from bridge.config.network_file import read_network_file
from bridge.config.network_lists import EVERYONE, named_files, path_of
from bridge.config.problems import ConfigError, Draft, Flaw, Place, Problem, Spot
from bridge.config.spelling import did_you_mean
from bridge.config.syntax import MAX_TEXT, lines_of, too_long
from bridge.config.tree import Tree, build
from bridge.net.prefixes import Network

SECTIONS = ("fronts", "farms", "profiles")
"""What an included file may hold."""


@dataclass(frozen=True)
class Document:
    """A configuration, and where in which file each part of it stands."""

    config: Config
    places: Mapping[problems.Path, Place]
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The lines of each file, for errors that are found later."""
    files: Sequence[tuple[str, str]] = ()
    """Name and text of each file, the main one first: see ``parse_files``."""


def load(path: Path, environment: Mapping[str, str]) -> Document:
    """
    Read the file at *path* and what it includes.

    *environment* is where ``${NAME}`` comes from.  Raises ConfigError, also for a file
    that cannot be read.
    """
    main = _read(path, environment)
    trees, known = [main], {main.file}
    for at, where, pattern in _patterns(main):
        try:
            found = _matching(path, pattern)
        except ValueError as error:
            main.flaws.append(Flaw(at, where, str(error)))
            continue
        new = [file for file in found if str(file) not in known]
        trees += [_read(file, environment) for file in new]
        known.update(map(str, new))
    return _document(trees, _Lists(path.parent))


def parse(
    text: str, *, name: str = "<text>", environment: Mapping[str, str] | None = None
) -> Document:
    """
    Read *text*, called *name* in errors.  It cannot include: it lies in no folder.

    Raises ConfigError.
    """
    main = build(text, name, environment or {})
    for at, where, _ in _patterns(main):
        main.flaws.append(Flaw(at, where, "only a file can include others"))
    return _document([main], _Lists(None))


def parse_files(
    files: Sequence[tuple[str, str]], environment: Mapping[str, str]
) -> Document:
    """
    A ``Document``'s *files* once more, as they were then.

    Files of networks that they name are read as they are now.  Raises ConfigError.
    """
    trees = [build(text, name, environment) for name, text in files]
    return _document(trees, _Lists(Path(files[0][0]).parent))


def summary(document: Document) -> str:
    """
    How much it is, in words.

    >>> text = "{fronts: {a: {listen: '[::]:80', to: b}}, farms: {b: {servers: %s}}}"
    >>> summary(parse(text % "['192.0.2.1:80', '192.0.2.2:80']"))
    '1 front, 1 farm, 2 servers'
    """
    config = document.config
    counts = {
        "front": len(config.fronts),
        "farm": len(config.farms),
        "server": sum(len(farm.servers) for farm in config.farms.values()),
    }
    maps = sum(farm.map is not None for farm in config.farms.values())
    counts |= {"map": maps} if maps else {}
    return ", ".join(f"{n} {word}{'' if n == 1 else 's'}" for word, n in counts.items())


def _read(path: Path, environment: Mapping[str, str]) -> Tree:
    """The file at *path* as a tree: without values and with a flaw, if unreadable."""
    file = str(path)
    try:
        with path.open("rb") as opened:
            data = opened.read(4 * MAX_TEXT + 1)  # UTF-8 takes at most four bytes
        if len(data) > 4 * MAX_TEXT:
            return _unread(file, too_long(file))
        return build(data.decode("utf-8"), file, environment)
    except OSError as error:
        flaw = Flaw(Spot(file, 1, 1), (), f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        before = lines_of(data[: error.start].decode("utf-8"))
        at = Spot(file, len(before), len(before[-1]) + 1)
        message = f"byte 0x{data[error.start]:02x} is no UTF-8: save the file as UTF-8"
        flaw = Flaw(at, (), message)
    return _unread(file, flaw)


def _unread(file: str, flaw: Flaw) -> Tree:
    top = Spot(file, 1, 1)
    return Tree(file, [], None, {(): Place(top, top)}, [flaw], is_yaml=False)


def _patterns(main: Tree) -> Iterator[tuple[Spot, problems.Path, str]]:
    """What the main file includes; a value of another type is the model's to refuse."""
    values = main.values if isinstance(main.values, dict) else {}
    include = values.get("include")
    if isinstance(include, str):
        yield main.places[("include",)].value, ("include",), include
    for index, item in enumerate(include if isinstance(include, list) else ()):
        if isinstance(item, str):
            yield main.places["include", index].value, ("include", index), item


def _matching(main: Path, pattern: str) -> list[Path]:
    """
    The files that *pattern* stands for, sorted by name.

    Only inside the main file's folder, since a pattern may hold ``${NAME}`` and what
    the environment says should not choose any file of the system.  A symbolic link in
    that folder is followed: somebody with the right to put it there meant it.
    """
    folder = main.parent
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        right = "name files below it, like conf.d/*.yaml"
        raise ValueError(f"{pattern!r} leaves the folder of {main.name}: {right}")
    if "\0" in pattern:
        raise ValueError(f"{pattern!r} is no file name")
    files = sorted(folder / found for found in glob.glob(pattern, root_dir=folder))
    if not files and not glob.has_magic(pattern):
        raise ValueError(f"there is no file {pattern!r} in {folder}")
    if main in files:
        raise ValueError(f"{pattern!r} includes this very file: choose another pattern")
    return files


class _Lists:
    """The files of networks that a configuration names, each read once."""

    def __init__(self, folder: Path | None) -> None:
        """*folder* is where relative paths begin; None: nothing is read."""
        self._folder = folder
        self.problems: list[Problem] = []
        """What is wrong in them."""

    def read(self, values: Any) -> dict[Path, tuple[Network, ...] | str]:
        """What each file holds, or why it cannot be read."""
        found: dict[Path, tuple[Network, ...] | str] = {}
        if self._folder is None:
            return found
        for entry in named_files(values):
            try:
                file = path_of(entry, self._folder)
            except ValueError:
                continue  # the model reports it
            if file not in found:
                found[file] = self._networks(file)
        return found

    def _networks(self, file: Path) -> tuple[Network, ...] | str:
        try:
            return read_network_file(file)
        except OSError as error:
            return f"{file} cannot be read: {error.strerror}"
        except ConfigError as error:
            self.problems += error.problems
            return EVERYONE


def _document(trees: Sequence[Tree], lists: _Lists) -> Document:
    """Join, validate and check; the first tree is the main file's."""
    main = trees[0]
    texts = {tree.file: tree.lines for tree in trees}
    flaws = [flaw for tree in trees for flaw in _joined(main, tree)]
    config = values = None
    folder = Path(main.file).parent
    # Half a configuration would seem to lack all that the other half holds.
    if all(tree.is_yaml for tree in trees):
        if main.values is None and not flaws:
            what = "the configuration is empty: it needs fronts and farms"
            flaws.append(Flaw(main.places[()].value, (), what))
        elif main.values is not None:
            excess = references.too_large(main.values, main.places)
            if excess is None:
                values = main.values
                context = {"folder": folder, "networks": lists.read(values)}
                config, wrong = _validated(values, main.places, context)
            else:
                wrong = [excess]
            unknown = [f for f in wrong if f.message.startswith("unknown key")]
            flaws = unknown + flaws + wrong
    if flaws or lists.problems or config is None:
        draft = Draft(values, main.places, texts, folder, flaws, lists.problems)
        raise ConfigError([*problems.told(flaws, texts), *lists.problems], draft)
    files = [(tree.file, tree.text) for tree in trees]
    return Document(config, main.places, texts, files)


def _validated(
    values: Any, places: Mapping[problems.Path, Place], context: dict[str, Any]
) -> tuple[Config | None, list[Flaw]]:
    """*context*: the ``folder`` of relative paths, the ``networks`` of files."""
    wrong = list(references.flaws(values, places))
    try:
        return Config.model_validate(values, context=context), wrong
    except ValidationError as error:
        return None, [*wording.flaws(error, places), *wrong]


def _joined(main: Tree, tree: Tree) -> Iterator[Flaw]:
    """Put an included *tree* into *main*.  Yields its flaws, old and new."""
    yield from tree.flaws
    if tree is main or tree.values is None:
        return
    if not isinstance(tree.values, dict):
        what = f"an included file is a map of {', '.join(SECTIONS)}"
        yield Flaw(tree.places[()].value, (), what)
        return
    for section, parts in tree.values.items():
        place = tree.places[section,]
        if section not in SECTIONS:
            yield Flaw(place.key, (section,), _misplaced(section))
        elif not isinstance(parts, dict):
            yield Flaw(place.value, (section,), "is no map of names")
        else:
            yield from _merged(main, tree, section)


def _misplaced(section: str) -> str:
    if section == "include":
        return "an included file includes no others: list them in the main file"
    if section in ROOT.below:
        return "stands in the main file only: an included one has " + ", ".join(
            SECTIONS
        )
    return f"unknown key, {did_you_mean(section, SECTIONS)}"


def _merged(main: Tree, tree: Tree, section: str) -> Iterator[Flaw]:
    """Add the names of one section, with the places of all that is in them."""
    if not isinstance(main.values, dict):
        return
    target = main.values.setdefault(section, {})
    main.places.setdefault((section,), tree.places[section,])
    if not isinstance(target, dict):
        return  # the model says so
    new = set()
    for name, part in tree.values[section].items():
        path = (section, name)
        if name in target:
            first = main.places[path].key
            what = f"is defined twice: first at {first}, choose another name"
            yield Flaw(tree.places[path].key, path, what)
            continue
        target[name] = part
        new.add(name)
    for inner, place in tree.places.items():
        if inner[:1] == (section,) and inner[1:2] and inner[1] in new:
            main.places[inner] = place
