"""
The model for machines and for one question: JSON Schema, and ``explain``.

``markdown`` writes the same for people, as a whole.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from pydantic import SecretStr
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from bridge.config.keys import ITEM, NAME, ROOT, Key, called, find, meant
from bridge.config.model import Config
from bridge.config.own_filters import MOST, PATTERN
from bridge.config.rates import BANDWIDTH_PATTERN

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Generator(GenerateJsonSchema):
    """pydantic's, without its warning that no JSON spells our default networks."""

    schema_dialect = DIALECT
    ignored_warning_kinds: ClassVar[set[JsonSchemaWarningKind]] = {  # type: ignore[misc]
        "skipped-choice",  # the base's own
        "non-serializable-default",
    }


def json_schema() -> dict[str, Any]:
    """
    The JSON Schema of a configuration, draft 2020-12, for editors and validators.

    It takes what the reader takes, ``${NAME}`` in place of numbers excepted.
    """
    schema = Config.model_json_schema(schema_generator=_Generator)
    parts = schema["$defs"]
    server = parts["Farm"]["properties"]["servers"]
    server["minItems"] = 1
    server["items"] = {"anyOf": [{"type": "string"}, server["items"]]}
    filters = parts["Front"]["properties"]["filters"]
    each = {"anyOf": [{"type": "string", "pattern": PATTERN}, filters.pop("items")]}
    many = {"type": filters.pop("type"), "items": each, "maxItems": MOST}
    filters["anyOf"] = [*each["anyOf"], many]
    del parts["Farm"]["required"]
    parts["Farm"]["anyOf"] = [{"required": ["servers"]}, {"required": ["map"]}]
    for part in [schema, *parts.values()]:
        for value in part["properties"].values():
            # pydantic leaves out a description that the part itself has.
            part_name = value.get("$ref", "").rpartition("/")[2]
            value.setdefault("description", parts.get(part_name, {}).get("description"))
            _tidy(value)
    for part_name, name, short in _SHORT:
        value = parts[part_name]["properties"][name]
        choices = value.setdefault("anyOf", [{"$ref": value.pop("$ref", None)}])
        choices.append(short)
    schema["title"] = "Configuration of the bridge gateway"
    return {"$schema": DIALECT, **schema}


_SHORT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("Farm", "send_proxy", {"enum": ["v1", "v2"]}),
    ("FrontLimits", "bandwidth", {"type": "string", "pattern": BANDWIDTH_PATTERN}),
    ("FrontLimits", "bandwidth", {"const": "off"}),
)
"""Parts that may be written as one word, and how that looks."""


_HIDDEN = str(SecretStr("any"))


def _tidy(value: dict[str, Any]) -> None:
    """Take out what is Python's, as class names and None are, and close the maps."""
    value.pop("title", None)
    value["description"] = " ".join(value["description"].split())
    if "patternProperties" in value:  # which lets through what the pattern does not
        ((pattern, part),) = value.pop("patternProperties").items()
        value |= {"propertyNames": {"pattern": pattern}, "additionalProperties": part}
    default = value.get("default")
    if not isinstance(default, str | int | float) or default == _HIDDEN:
        value.pop("default", None)
    if "oneOf" in value:  # of several forms of one key, which exclude each other
        value["anyOf"] = value.pop("oneOf")
    choices = value.get("anyOf", [])
    if {"type": "null"} in choices:
        choices.remove({"type": "null"})
        if any("$ref" in choice for choice in choices):  # a map, or switched off
            choices.append({"const": "off"})
    if len(choices) == 1:
        value |= value.pop("anyOf")[0]


def explain(text: str) -> str:
    """
    What a key means: ``fronts.NAME.listen``, or with a name ``fronts.web.listen``.

    Raises KeyError, whose argument is the message, for an unknown key.
    """
    key = _asked(text)
    lines = [key.path]
    if key.kind:
        lines.append(f"  type: {typed(key)}")
    if not key.path.endswith((NAME, ITEM)):
        lines.append(f"  default: {key.default or 'none, it must be given'}")
    lines += ["", f"  {key.meaning}"]
    below = [k for k in key.all_below() if not k.path.endswith((NAME, ITEM))]
    if below:
        width = max(len(inner.path) for inner in below)
        keys = (f"    {inner.path:<{width}}  {_briefly(inner)}" for inner in below)
        lines += ["", "  Keys, with their defaults:", *map(str.rstrip, keys)]
    others = [
        path for path in called(key.path.rpartition(".")[2], ROOT) if path != key.path
    ]
    if others and "." not in key.path:
        lines += ["", f"  Of the same name: {', '.join(others)}"]
    return "\n".join(lines)


def _briefly(key: Key) -> str:
    if key.below and key.default in ("", "{}"):
        return ""  # the keys of the map follow
    return key.default or "(must be given)"


def typed(key: Key) -> str:
    """A key's type and, where it has one, its unit."""
    return f"{key.kind}, in {key.unit}" if key.unit else key.kind


def _asked(text: str) -> Key:
    """The key that *text* names, with or without the index of a list's item."""
    key, known = ROOT, ""
    for step in re.sub(r"\[\w*\]", "", text).split("."):
        if ITEM in key.below:
            key = key.below[ITEM]
            if step.isdecimal():
                continue
        found = find([step], key)
        if found is None:
            where = f"{known} has" if known else "there is"
            raise KeyError(f"{where} no key {step!r}, {meant(step, key)}")
        key, known = found, found.path
    return key
