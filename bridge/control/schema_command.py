"""``bridgectl schema`` and ``explain``: what a configuration may say."""

from __future__ import annotations

import argparse
import json

from bridge.config.markdown import markdown
from bridge.config.schema import explain, json_schema
from bridge.control.commands import DONE, Commands, UsageError


def add(commands: Commands) -> None:
    schema = commands.add_parser("schema", help="print the JSON Schema, for editors")
    schema.set_defaults(run=_schema, parser=schema)
    schema.add_argument(
        "--markdown", action="store_true", help="the reference instead, for people"
    )
    explain = commands.add_parser("explain", help="say what a key means")
    explain.set_defaults(run=_explain, parser=explain)
    explain.add_argument("key", metavar="KEY", help="such as fronts.NAME.listen")


def _schema(options: argparse.Namespace) -> int:
    text = markdown() if options.markdown else json.dumps(json_schema(), indent=2)
    print(text.rstrip("\n"))
    return DONE


def _explain(options: argparse.Namespace) -> int:
    try:
        print(explain(options.key))
    except KeyError as error:
        raise UsageError(error.args[0]) from None
    return DONE
