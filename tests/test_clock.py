"""Whether somebody keeps the clock right."""

from bridge.doctor.clock import finding, status
from bridge.doctor.report import Severity


def test_the_kernel_is_asked() -> None:
    assert status() >= 0
    assert finding().severity in (Severity.OK, Severity.WARN)


def test_a_clock_that_nobody_keeps_right_has_its_cure() -> None:
    assert finding(lambda: 0x40).cure == "timedatectl set-ntp true"
    assert finding(lambda: 0x2001).severity is Severity.OK


def test_a_kernel_that_does_not_tell_is_unknown() -> None:
    def denied() -> int:
        raise OSError(1, "Operation not permitted")

    found = finding(denied)
    assert found.severity is Severity.UNKNOWN
    assert "Operation not permitted" in found.cause
