"""The keys of mode ftp."""

import pytest

from bridge.config.ftp import DEFAULT, ports, show_ports
from tests.configured import front


def test_there_are_a_thousand_ports_unless_it_says_otherwise() -> None:
    assert front("mode: ftp").ftp.ports == DEFAULT
    assert len(DEFAULT) == 1000


@pytest.mark.parametrize("text", ["50000-50999", "1024-65535", "2121"])
def test_a_range_is_read_and_shown(text: str) -> None:
    assert show_ports(ports(text)) == text
    assert front(f"mode: ftp, ftp: {{ports: {text}}}").ftp.ports == ports(text)


@pytest.mark.parametrize("value", [True, None, "", "1-2-3", "-5", "5000-", 1023, 70000])
def test_all_else_is_none(value: object) -> None:
    with pytest.raises(ValueError, match=r"is no range of ports|is not in"):
        ports(value)
