"""What the limit of open files carries of a configuration."""

from __future__ import annotations

from bridge.config import parse
from bridge.doctor.descriptors import carried, findings, sessions
from bridge.doctor.host import Host

TEXT = """
fronts: {{a: {{listen: ["[::1]:8000-8009"], to: f}}}}
farms: {{f: {{servers: [192.0.2.1:80, 192.0.2.2:80]}}}}
limits: {{connections: {connections}}}
"""


def test_more_sessions_than_descriptors_carry_are_warned_of_and_wait() -> None:
    document = parse(TEXT.format(connections=1000))
    config = document.config
    assert carried(config, 1024) == (1024 - 64 - 10 - 2) // 2
    assert sessions(config, 1024) == 474
    ((path, message),) = findings(config, Host(descriptors=1024))
    assert path == ("limits", "connections")
    assert "1000 sessions need 2076 descriptors" in message
    assert "474 are served at once" in message
    assert not list(findings(config, Host(descriptors=2076)))
    assert sessions(config, 2076) == 1000


def test_each_worker_has_descriptors_of_its_own() -> None:
    config = parse(TEXT.format(connections=1000) + "workers: 2").config
    assert not list(findings(config, Host(descriptors=1076)))
    ((_, message),) = findings(config, Host(descriptors=1024))
    assert "need 1076 descriptors in each of 2 workers" in message
    assert "948 are served at once" in message
    assert sessions(config, 1076) == 500, "in one"


def test_without_a_number_there_is_nothing_to_warn_of() -> None:
    config = parse(TEXT.format(connections="auto")).config
    assert not list(findings(config, Host(descriptors=100)))
    assert sessions(config, 100) >= 1
