"""docs/configuration.md, made of the model."""

import re
from pathlib import Path

from bridge.config.keys import ROOT
from bridge.config.markdown import markdown

PROJECT = Path(__file__).parent.parent


def test_the_reference_in_docs_is_the_models() -> None:
    written = (PROJECT / "docs" / "configuration.md").read_text()
    assert written == markdown(), "run `make docs`"


def test_the_reference_has_every_key_once() -> None:
    headings = re.findall(r"^### `(.*)`$", markdown(), re.M)
    named = {
        key.path for key in ROOT.all_below() if not key.path.endswith(("NAME", "[]"))
    }
    grouped = {key.path for key in ROOT.below.values() if key.below}
    assert sorted(headings) == sorted(named - grouped)
