"""What a reload cannot change of what runs."""

from bridge.config import Config, parse
from bridge.config.changes import changes

TEXT = """
profiles: {below: {%s}, mine: {base: below}}
fronts: {web: {listen: %s, to: web, profile: %s}}
farms: {web: {servers: [192.0.2.10:80]}}
"""


def a(below: str = "", listen: str = '"[::]:80"', profile: str = "mine") -> Config:
    return parse(TEXT % (below, listen, profile)).config


MPTCP = (
    "fronts.web: mptcp false → true needs a restart, for sockets that listen already "
    "keep it"
)


def test_multipath_of_a_socket_that_stays_needs_one_also_by_way_of_a_base() -> None:
    assert changes(a(), a("mptcp: true")).restarts == (MPTCP,)
    assert changes(a("mptcp: true"), a("mptcp: true, nodelay: false")).restarts == ()


def test_another_profile_of_the_same_socket_does_too() -> None:
    one, other = a("mptcp: true", profile="wan"), a("mptcp: true", profile="mine")
    assert changes(one, other).restarts == (MPTCP,)
    assert changes(other, one).restarts[0].startswith("fronts.web: mptcp true → false")


def test_a_socket_that_is_new_has_what_it_is_bound_with() -> None:
    assert changes(a(), a("mptcp: true", '"[::]:81"')).restarts == ()
    assert changes(a(), a("mptcp: true", '["[::]:81", "[::]:80"]')).restarts == (MPTCP,)


def test_the_lines_about_restarts_are_told_however_many_changes_there_are() -> None:
    found = changes(a(), a("mptcp: true"))
    assert list(found.lines(most=0)) == ["and 1 more change", MPTCP]
