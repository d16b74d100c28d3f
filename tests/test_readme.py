"""What the README says of this release, held against the release."""

import re
from pathlib import Path

import pytest

from bridge.config.keys import ROOT
from bridge.control import bridgectl

README = (Path(__file__).parent.parent / "README.md").read_text()
NOT_BUILT = README.partition("Not built yet")[2].partition("A session with")[0]

UNBUILT = [key.path for key in ROOT.all_below() if key.neutral is not None and key.path]


@pytest.mark.parametrize("path", UNBUILT)
def test_a_key_that_is_not_built_is_listed(path: str) -> None:
    steps = path.split(".")
    names = (steps[0], steps[-1], ".".join(steps[-2:]))
    assert any(f"`{name}`" in NOT_BUILT for name in names), path


def test_every_command_that_is_not_built_is_listed_and_no_other() -> None:
    listed = set(re.findall("`bridgectl ([a-z-]+)`", NOT_BUILT))
    assert listed == set(bridgectl._LATER)
