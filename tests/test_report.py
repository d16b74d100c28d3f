"""The shape of what is found."""

from bridge.doctor.report import Finding, Severity, is_well, worst_first

OK = Finding("host", Severity.OK, "all is well")
UNKNOWN = Finding("clock", Severity.UNKNOWN, "nobody knows")
WARN = Finding("front web", Severity.WARN, "GRO is off", "ethtool -K eth0 gro on")
FAIL = Finding("farm web: b", Severity.FAIL, "9000 does not arrive")


def test_the_worst_comes_first_and_nothing_twice() -> None:
    assert worst_first([OK, WARN, OK, FAIL, UNKNOWN]) == [FAIL, WARN, UNKNOWN, OK]


def test_only_a_failure_is_one() -> None:
    assert is_well([OK, WARN, UNKNOWN])
    assert not is_well([OK, FAIL])


def test_a_line_has_the_cure_and_nothing_that_a_terminal_obeys() -> None:
    assert str(WARN) == "front web: GRO is off (cure: ethtool -K eth0 gro on)"
    hostile = Finding("farm \x1b[2J", Severity.OK, "line\nline")
    assert str(hostile).isprintable()
    assert hostile.plain["subject"].isprintable()
    assert hostile.plain["severity"] == "ok"
