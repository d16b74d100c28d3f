"""What the running gateway has seen, as findings."""

from __future__ import annotations

from typing import Any

from bridge.doctor.live import ENOUGH, live
from bridge.doctor.report import Finding, Severity
from tests.test_path_command import PATH


def found(answer: dict[str, Any], subject: str) -> list[Finding]:
    return [each for each in live(answer) if each.subject == subject]


def front(**changes: Any) -> dict[str, Any]:
    return PATH | {"fronts": {"web": PATH["fronts"]["web"] | changes}}


def test_a_suspicion_fails_with_the_key_that_cures_it() -> None:
    suspicion, clients = found(PATH, "front web")
    assert suspicion.severity is Severity.FAIL
    assert "2001:db8:5::/48: 3 sessions" in suspicion.cause
    assert suspicion.cure == "profiles.own.mss: safe"
    assert clients.severity is Severity.OK
    assert clients.cause == (
        "40 clients looked at: 75% PPPoE (IPv6), 25% another tunnel (IPv4)"
    )


def test_a_built_in_profile_needs_one_of_its_own() -> None:
    asked = {"profile": "wan", "mtu": None, "mss": "auto"}
    suspicion, _ = found(front(asked=asked), "front web")
    assert suspicion.cure == (
        "mss: safe in a profile with base wan, and fronts.web.profile"
    )


def test_where_nothing_vanishes_that_is_well_and_what_did_is_told() -> None:
    (fine,) = found(PATH, "farm web")
    assert (fine.severity, fine.cause) == (Severity.OK, "no segments seem to vanish")
    was, _ = found(front(networks=[]), "front web")
    assert was.severity is Severity.OK
    assert was.cause.endswith("in the last hour; 3 sessions before that")


def test_warnings_are_those_of_now() -> None:
    (warning,) = found(PATH, "this host, now")
    assert warning.severity is Severity.WARN
    assert warning.cause == PATH["warnings"][0]
    assert "\n" not in warning.plain["cause"]


def test_of_nobody_nothing_is_known() -> None:
    _, clients = found(front(sampled=0, mss=[]), "front web")
    assert clients.severity is Severity.UNKNOWN


def test_an_mtu_that_no_client_has_is_warned_of_once_there_were_enough() -> None:
    asked = {"profile": "own", "mtu": 9000, "mss": "auto"}
    _, _, mtu = found(front(asked=asked, sampled=ENOUGH), "front web")
    assert (mtu.severity, mtu.cure) == (Severity.WARN, "profiles.own.mtu: 1500")
    assert len(found(front(asked=asked, sampled=ENOUGH - 1), "front web")) == 2
    jumbo = {"family": 6, "kind": "jumbo frames", "mtu": None, "clients": 1}
    some = front(asked=asked, sampled=ENOUGH, mss=[jumbo])
    assert len(found(some, "front web")) == 2
