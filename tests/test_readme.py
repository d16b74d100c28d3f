"""What the README says of this release, held against the release."""

from pathlib import Path

from bridge.config.keys import ROOT

README = (Path(__file__).parent.parent / "README.md").read_text()
NOT_BUILT = README.partition("Not built yet")[2].partition("A session with")[0]


def test_every_key_that_is_not_built_is_listed() -> None:
    for key in ROOT.all_below():
        if key.neutral is None or not key.path:
            continue
        steps = key.path.split(".")
        names = (steps[0], steps[-1], ".".join(steps[-2:]))
        assert any(f"`{name}`" in NOT_BUILT for name in names), key.path
