"""Where the access log goes, as a configuration has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.config.log_target import file_of, log_target, syslog_at
from bridge.net.address import Address, UnixPath

FOLDER = Path("/etc/bridge")


@pytest.mark.parametrize(
    ("written", "target", "daemon"),
    [
        ("syslog:/dev/log", "syslog:/dev/log", UnixPath("/dev/log")),
        ("syslog:unix:/dev/log", "syslog:/dev/log", UnixPath("/dev/log")),
        ("syslog:///dev/log", "syslog:/dev/log", UnixPath("/dev/log")),
        ("syslog:192.0.2.1", "syslog:192.0.2.1:514", Address("192.0.2.1", 514)),
        ("syslog:192.0.2.1:1514", "syslog:192.0.2.1:1514", Address("192.0.2.1", 1514)),
        ("syslog://192.0.2.1:514", "syslog:192.0.2.1:514", Address("192.0.2.1", 514)),
        ("syslog:[2001:DB8::1]", "syslog:[2001:db8::1]:514",
         Address("2001:db8::1", 514)),
        ("syslog://[fe80::1%eth0]:514", "syslog:[fe80::1%eth0]:514",
         Address("fe80::1", 514, "eth0")),
    ],
)  # fmt: skip
def test_a_daemon_is_written_as_people_write_them(
    written: str, target: str, daemon: UnixPath | Address
) -> None:
    found = log_target(written, FOLDER)
    assert found == target
    assert syslog_at(found) == daemon
    assert file_of(found) is None
    assert log_target(target, FOLDER) == target


@pytest.mark.parametrize(
    ("written", "target", "file"),
    [
        ("off", None, None),
        (False, None, None),
        ("-", "-", None),
        ("access.log", "/etc/bridge/access.log", "/etc/bridge/access.log"),
        ("/var/log/a", "/var/log/a", "/var/log/a"),
        ("./syslog:x", "/etc/bridge/syslog:x", "/etc/bridge/syslog:x"),
    ],
)
def test_all_others_are_files_or_none(
    written: object, target: str | None, file: str | None
) -> None:
    assert log_target(written, FOLDER) == target
    assert (syslog_at(target), file_of(target)) == (None, file)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (5, "is no target: write \"-\" for standard output"),
        ("", "is no target"),
        ("a\0b", "is no target"),
        ("syslog:", "leads to no daemon"),
        ("syslog:log.example.org:514", "leads to no daemon"),
        ("syslog:dev/log", "leads to no daemon"),
        ("syslog:/dev/", "leads to no daemon"),
        ("syslog:2001:db8::1:514", "leads to no daemon"),
        ("syslog:192.0.2.1:99999", "leads to no daemon"),
        ("syslog:192.0.2.1:0", "by port 0 nobody is reached: write 514"),
        ("syslog:/" + "x" * 200, "leads to no daemon"),
        ("syslog:tcp://192.0.2.1", "leads to no daemon"),
    ],
)  # fmt: skip
def test_what_leads_nowhere_is_refused_with_what_would_be_right(
    written: object, expected: str
) -> None:
    with pytest.raises(ValueError, match="write") as caught:
        log_target(written, FOLDER)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
