"""Profiles' names and bases, asked of plain values."""

from tests.flawed import flaws, paths


def test_built_in_profiles_are_known_and_not_to_be_made_anew() -> None:
    uses = {name: {"profile": name} for name in ("wan", "lan", "jumbo")}
    assert flaws(farms=uses) == []
    assert paths(profiles={"lan": {}, "wan": {}}) == [
        *[("profiles", "lan"), ("profiles", "wan")]
    ]


def test_each_profile_of_a_circle_is_told_and_none_that_leads_there() -> None:
    bases = {"a": "b", "b": "c", "c": "b", "d": "wan"}
    found = flaws(profiles={name: {"base": base} for name, base in bases.items()})
    assert [flaw.path for flaw in found] == [
        *[("profiles", "b", "base"), ("profiles", "c", "base")]
    ]
    assert "b -> c -> b" in found[0].message
