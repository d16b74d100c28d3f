"""What is said of a path, from all that may be known of it."""

from dataclasses import replace

from bridge.doctor.connecting import Connected
from bridge.doctor.report import Severity
from bridge.doctor.size_search import Refused, Search, TooBig
from bridge.doctor.verdict import (
    BROKEN,
    LINK,
    NARROW,
    OK,
    ROUTE,
    SERVER,
    UNKNOWN,
    About,
    Seen,
    Verdict,
    finding,
    judge,
)

ABOUT = About("farm web: a", "web", "inside", "192.0.2.9", 4)
MET = Connected(largest=9000, route=9000, rtt=0.001, source="192.0.2.1")


def searched(
    passes: int,
    *,
    goal: int = 9000,
    told: TooBig | None = None,
    silent: bool = False,
    settled: bool = True,
) -> Search:
    made = Search(goal)
    made.passes, made.told = passes, told
    made.silent, made.settled = silent, settled
    return made


def judged(*searches: Search, met: Connected | None = MET, blind: str = "") -> Verdict:
    return judge(Seen(9000, met, searches, blind))


def test_what_arrives_is_well() -> None:
    assert judged(searched(9000)) == Verdict(OK, 9000, 9000)


def test_what_is_lost_without_a_word_is_broken() -> None:
    verdict = judged(searched(8500, silent=True))
    assert (verdict.kind, verdict.size, verdict.exact) == (BROKEN, 8500, True)


def test_nobody_is_accused_before_it_is_sure() -> None:
    """A server that is tired of answering looks like a black hole at first."""
    verdict = judged(searched(8500, silent=True, settled=False))
    assert (verdict.kind, verdict.size, verdict.exact) == (UNKNOWN, 8500, False)
    assert "8500 arrive; of more there was no answer in time" in verdict.why


def test_a_router_that_lies_about_the_rest_of_the_way_is_named() -> None:
    told = TooBig(9000, "192.0.2.254", 4000)
    verdict = judged(searched(1500, told=told, silent=True))
    assert verdict.kind == BROKEN
    assert "192.0.2.254 says 4000" in verdict.why


def test_who_says_that_it_is_too_large_is_named() -> None:
    told = TooBig(9000, "192.0.2.254", 1400)
    verdict = judged(searched(1400, told=told))
    assert (verdict.kind, verdict.size, verdict.by) == (NARROW, 1400, "192.0.2.254")
    verdict = judged(searched(0, told=told, settled=False))
    assert (verdict.kind, verdict.size, verdict.exact) == (NARROW, 1400, False)
    assert judged(searched(1400, told=replace(told, by=""))).by == LINK


def test_a_server_that_takes_less_is_narrow_and_asked_for_no_more() -> None:
    met = replace(MET, largest=1500)
    assert Seen(9000, met).goal == 1500
    verdict = judged(searched(1500, goal=1500), met=met)
    assert (verdict.kind, verdict.size, verdict.by) == (NARROW, 1500, SERVER)
    verdict = judged(searched(0, goal=1500, settled=False), met=met)
    assert (verdict.kind, verdict.size, verdict.exact) == (NARROW, 1500, False)
    verdict = judged(searched(1400, goal=1500, silent=True), met=met)
    assert (verdict.kind, verdict.size) == (BROKEN, 1400)


def test_a_route_that_knows_better_is_named() -> None:
    """An MTU that was learnt before, or written."""
    met = replace(MET, largest=1400, route=1400)
    verdict = judged(searched(9000), met=met)
    assert (verdict.kind, verdict.size, verdict.by) == (NARROW, 1400, ROUTE)


def test_what_connections_go_by_is_told_where_no_probe_is_answered() -> None:
    """A firewall eats these, and whoever asks is not root."""
    verdict = judged(searched(0), met=replace(MET, largest=1500, route=1500))
    assert (verdict.kind, verdict.size, verdict.by) == (NARROW, 1500, ROUTE)
    assert not verdict.exact


def test_nothing_known_says_why() -> None:
    silent = searched(0, settled=False)
    assert judged(silent).kind == UNKNOWN
    assert "probes are not answered" in judged(silent).why
    assert judged(silent, blind="needs root").why.endswith("; needs root")
    gone = Connected("Connection timed out")
    assert "Connection timed out" in judged(silent, met=gone).why
    silent.refused = Refused("192.0.2.254", "No route to host")
    assert judged(silent).why == "192.0.2.254 says: No route to host"
    assert "in time" in judged(searched(4000, settled=False)).why


def test_the_second_way_counts_where_the_first_has_no_answer() -> None:
    assert judged(searched(0, settled=False), searched(9000)).kind == OK


def test_each_verdict_has_its_severity_and_its_cure() -> None:
    def found(verdict: Verdict) -> tuple[Severity, str, str]:
        made = finding(verdict, ABOUT)
        return made.severity, made.cause, made.cure

    assert found(Verdict(OK, 9000, 9000)) == (Severity.OK, "9000 bytes arrive", "")
    severity, cause, cure = found(judged(searched(8500, silent=True)))
    assert severity is Severity.FAIL
    assert cause == "8500 bytes arrive, larger packets are dropped without a word"
    assert cure == "profiles.inside.mss: 8460"
    told = TooBig(9000, "192.0.2.254", 1400)
    severity, cause, cure = found(judged(searched(1400, told=told)))
    assert severity is Severity.WARN
    assert "192.0.2.254" in cause
    assert cure == "profiles.inside.mtu: 1400"
    for by in (LINK, ROUTE, SERVER):
        assert found(Verdict(NARROW, 9000, 1500, by))[2]
    over = finding(Verdict(NARROW, 9000, 1500, LINK), replace(ABOUT, interface="eth1"))
    assert over.cure == "ip link set dev eth1 mtu 9000"
    assert found(judged(searched(0)))[0] is Severity.UNKNOWN
    unseen = judged(searched(0), blind="needs root (CAP_NET_RAW)")
    assert found(unseen)[2] == "sudo bridgectl doctor FILE"
    told = TooBig(9000, "192.0.2.254", 1400)
    assert "about 1400" in found(judged(searched(0, told=told, settled=False)))[1]


def test_a_profile_that_is_built_in_is_not_to_be_changed() -> None:
    broken = Verdict(BROKEN, 9000, 8500)
    cure = finding(broken, replace(ABOUT, profile="jumbo", family=6)).cure
    assert cure == ("profiles.web: {base: jumbo, mss: 8440}, farms.web.profile: web")
