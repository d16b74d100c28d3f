"""Contexts follow their files, and the log says what becomes of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from OpenSSL import SSL
from twisted.internet.task import Clock

from bridge.net.certificates import CertificateError
from bridge.net.renewal import DAY, LOOK, Expiry, Kept, Made, Renewal
from bridge.net.securities import FrontSecurities
from tests.authority import Authority, Files, Issued, put
from tests.handshakes import Entry, FrontTls
from tests.logged import logged

AUTHORITY = Authority()
OLD = AUTHORITY.issue("a.example", until=30.0)
NEW = AUTHORITY.issue("a.example", until=90.0)
START = OLD.certificate.not_valid_before_utc.timestamp() + DAY


class Bench:
    """One front with one certificate, and both of the clocks."""

    def __init__(self, folder: Path) -> None:
        self.files = OLD.write(folder, "a")
        self.clock = Clock()
        self.renewal = Renewal(self.now)
        settings = FrontTls([Entry.of(self.files)])
        self.front = FrontSecurities("front web", settings, self.now)
        self.renewal.keep(self.front.kept)
        self.renewal.start(self.clock)

    def now(self) -> float:
        return START + self.clock.seconds()

    def looks(self, count: int = 2) -> None:
        """Twice is how often a change is seen before it counts."""
        for _ in range(count):
            self.clock.advance(LOOK)

    def context(self) -> SSL.Context:
        assert self.front.only is not None
        return self.front.only.context

    def serial(self) -> int:
        pair = self.front.kept[0].made.pair
        assert pair is not None
        return pair.certificate.serial_number


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def write(files: Files, issued: Issued) -> None:
    put(files.certificate, issued.pem)
    put(files.key, issued.key_pem())


def test_new_files_are_taken_by_themselves(bench: Bench) -> None:
    before = bench.context()
    write(bench.files, NEW)
    with logged() as log:
        bench.looks()
    assert bench.context() is not before
    assert bench.serial() == NEW.certificate.serial_number
    (line,) = log.lines
    assert line.startswith(f"front web: {bench.files.certificate}, ")
    assert "read again, valid until 20" in line


def test_files_that_stay_are_left_alone(bench: Bench) -> None:
    before = bench.context()
    with logged() as log:
        bench.looks(20)
    assert bench.context() is before and log.lines == []


def test_a_change_counts_once_it_has_settled(bench: Bench) -> None:
    """Certificate first, key seconds later: no moment with a pair that does not fit."""
    with logged() as log:
        put(bench.files.certificate, NEW.pem)
        bench.looks(1)
        put(bench.files.key, NEW.key_pem())
        bench.looks(1)
        assert bench.serial() == OLD.certificate.serial_number
        bench.looks(1)
    assert bench.serial() == NEW.certificate.serial_number
    assert len(log.lines) == 1


def test_files_written_in_place_are_seen_as_well(bench: Bench) -> None:
    bench.files.certificate.write_bytes(NEW.pem)
    bench.files.key.write_bytes(NEW.key_pem())
    later = os.stat(bench.files.certificate).st_mtime + 10
    os.utime(bench.files.certificate, (later, later))
    bench.looks()
    assert bench.serial() == NEW.certificate.serial_number


def test_a_link_that_leads_elsewhere_is_a_change(tmp_path: Path) -> None:
    here, there = tmp_path / "1", tmp_path / "2"
    here.mkdir()
    there.mkdir()
    OLD.write(here, "a")
    NEW.write(there, "a")
    live = tmp_path / "live"
    live.symlink_to(here)
    files = Files(live / "a.pem", live / "a.key")
    kept = FrontSecurities("front", FrontTls([Entry.of(files)]), lambda: START).kept[0]
    (tmp_path / "next").symlink_to(there)
    (tmp_path / "next").replace(live)
    kept.look()
    kept.look()
    assert kept.made.pair is not None
    assert kept.made.pair.certificate == NEW.certificate


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("mismatched", "is not the key of a.pem"),
        ("missing", "cannot be read: No such file"),
        ("garbage", "has no certificate in PEM form"),
        ("expired", "the certificate expired on"),
    ],
)
def test_on_a_fault_the_old_pair_stays_and_the_log_says_why_once(
    bench: Bench, broken: str, why: str
) -> None:
    before = bench.context()
    if broken == "mismatched":
        put(bench.files.certificate, NEW.pem)
    elif broken == "missing":
        bench.files.key.unlink()
    elif broken == "garbage":
        put(bench.files.certificate, b"garbage")
    else:
        write(bench.files, AUTHORITY.issue("a.example", since=-2.0, until=-0.5))
    with logged() as log:
        bench.looks(20)
    (line,) = log.lines
    assert why in line and line.endswith("what was read before stays in use")
    assert bench.context() is before
    write(bench.files, NEW)
    bench.looks()
    assert bench.serial() == NEW.certificate.serial_number


def test_reload_reads_at_once_and_whatever_has_changed(bench: Bench) -> None:
    before = bench.context()
    bench.renewal.reload()
    assert bench.context() is not before
    write(bench.files, NEW)
    bench.renewal.reload()
    assert bench.serial() == NEW.certificate.serial_number


def test_every_day_tickets_get_new_keys_and_the_log_hears_nothing(bench: Bench) -> None:
    before = bench.context()
    with logged() as log:
        bench.clock.advance(DAY)
    assert bench.context() is not before and log.lines == []


def test_expiry_is_a_number_that_metrics_can_read(bench: Bench) -> None:
    end = OLD.certificate.not_valid_after_utc.timestamp()
    assert list(bench.renewal.expiries()) == [
        Expiry("front web", bench.files.certificate, end)
    ]


def test_from_two_weeks_before_its_end_a_certificate_is_warned_of_daily(
    bench: Bench,
) -> None:
    left = (OLD.certificate.not_valid_after_utc.timestamp() - START) / DAY
    with logged() as log:
        for day in range(int(left) + 2):
            told = len(log.lines)
            for _ in range(24):
                bench.clock.advance(DAY / 24)
            said = [line for line in log.lines[told:] if " the certificate in " in line]
            assert len(said) == (1 if left - day - 1 <= 14 else 0), (day, said)
    assert log.lines[0].startswith("front web: the certificate in ")
    assert " expires on 20" in log.lines[0] and " expired on 20" in log.lines[-1]
    assert bench.context()  # which is served on: that is the operator's to end


def test_a_start_warns_at_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.clock.advance(20 * DAY)
    fresh = Renewal(bench.now)
    fresh.keep(bench.front.kept)
    with logged() as log:
        fresh.start(Clock())
    (line,) = log.lines
    assert "expires on" in line


def test_a_stopped_renewal_has_no_timers(bench: Bench) -> None:
    bench.renewal.stop()
    bench.renewal.stop()
    assert bench.clock.getDelayedCalls() == []


def test_a_bug_in_one_does_not_end_the_looking(bench: Bench) -> None:
    made = bench.front.kept[0].made
    bugs = [Made(made.context, None)]
    buggy = Kept("front bug", [], bugs.pop)
    bench.renewal.keep([buggy])
    write(bench.files, NEW)
    with logged() as log:
        bench.renewal.reload()
        assert log.tracebacks == 1
        bench.looks()
    assert bench.serial() == NEW.certificate.serial_number


def test_the_first_time_a_fault_is_raised(tmp_path: Path) -> None:
    files = OLD.write(tmp_path, "a")
    files.key.unlink()
    with pytest.raises(CertificateError):
        FrontSecurities("front", FrontTls([Entry.of(files)]), lambda: START)


def test_no_reactor_is_made_before_it_starts() -> None:
    """One that is made before a process forks would be that of all its children."""
    made = "import sys, bridge.net.renewal as r; r.Renewal(float); print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", made], capture_output=True, text=True, check=True
    )
    assert "bridge.net.renewal" in ran.stdout.split()
    assert "twisted.internet.reactor" not in ran.stdout.split()
