"""Large configurations, right and wrong: none costs more than its length."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge.config import ConfigError, load, parse
from bridge.config.model import Config
from bridge.doctor import Host, warnings

MANY = 2000
FRONTS = {"web": {"listen": "[::]:80", "to": "web"}}
FARMS = {"web": {"servers": ["192.0.2.10:80"]}}


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Of this process's own time: the machine may be busy with others."""
    began = time.process_time()
    yield
    assert time.process_time() - began < seconds


def read(**sections: Any) -> Config:
    """From one line of JSON, which is YAML."""
    values = {"fronts": FRONTS, "farms": FARMS} | sections
    return parse(json.dumps(values)).config


def wrong(**sections: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        read(**sections)
    return str(caught.value)


def test_a_chain_of_thousands_of_profiles_is_followed_to_its_end() -> None:
    chain = {f"p{n}": {"base": f"p{n + 1}", "dscp": 8} for n in range(MANY)}
    with within(10):
        config = read(profiles={**chain, f"p{MANY}": {"mtu": 1400, "dscp": 1}})
        assert config.profile("p0").mtu == 1400
        assert config.profile("p0").dscp == 8


def test_a_long_circle_of_profiles_is_told_in_one_short_line() -> None:
    circle = {f"p{n}": {"base": f"p{(n + 1) % MANY}"} for n in range(MANY)}
    with within(10):
        told = wrong(profiles={**circle, "aside": {"base": "p7"}})
    (line,) = (line for line in told.splitlines() if "circle" in line)
    assert "p0 -> p1 -> p2 -> p3 -> (1,995 more) -> p1999 -> p0" in line
    assert len(told) < 1000


def test_an_interface_is_found_at_the_end_of_each_of_many_chains() -> None:
    profiles = {f"p{n}": {"base": f"p{n + 1}"} for n in range(MANY)}
    profiles[f"p{MANY}"] = {"interface": "eth0"}
    fronts = {
        f"f{n}": {"listen": f"[::]:{n + 1}", "to": "web", "profile": f"p{n}"}
        for n in range(MANY)
    }
    with within(20):
        config = read(profiles=profiles, fronts=fronts)
        assert config.profile("p0").interface == "eth0"


def test_thousands_who_are_mistaken_in_a_name_are_told_so_at_once() -> None:
    wide = {f"profile-{n}": {"base": f"missing-{n}"} for n in range(MANY)}
    with within(15):
        told = wrong(profiles=wide)
    assert told.count("no profile is named 'missing-") == MANY
    assert len(told) < MANY * 600


def test_fronts_at_one_address_on_thousands_of_interfaces_are_compared_quickly() -> (
    None
):
    profiles = {f"p{n}": {"interface": f"e{n}"} for n in range(MANY)}
    fronts = {
        f"f{n}": {"listen": "[::]:80", "to": "web", "profile": f"p{n}"}
        for n in range(MANY)
    }
    with within(15):
        assert len(read(profiles=profiles, fronts=fronts).fronts) == MANY


def test_more_listeners_than_descriptors_are_refused_before_they_are_made() -> None:
    ranges = [f"[2001:db8::{n:x}]:1-1024" for n in range(10_000)]
    with within(15):
        told = wrong(fronts={"web": {"listen": ranges, "to": "web"}})
    assert told.startswith("<text>:1:")
    assert "fronts.web.listen[64]: with it there are more than 65536 listeners" in told


def test_an_included_file_of_thousands_of_farms_is_joined_quickly(
    tmp_path: Path,
) -> None:
    farms = FARMS | {f"w{n}": FARMS["web"] for n in range(1, MANY)}
    (tmp_path / "more.yaml").write_text(yaml.dump({"farms": farms}, sort_keys=False))
    main = tmp_path / "bridge.yaml"
    main.write_text(yaml.dump({"include": "more.yaml", "fronts": FRONTS}))
    with within(20):
        document = load(main, {})
        warnings(document, Host())
    assert len(document.config.farms) == MANY


def test_a_line_of_a_megabyte_is_shown_around_each_of_its_errors() -> None:
    servers = ["x"] * MANY
    with within(10):
        told = wrong(farms={"web": {"servers": servers}})
    assert len(told) < MANY * 500
    lines = told.splitlines()
    assert len(lines) == 3 * MANY
    shown, caret = lines[-2], lines[-1]
    assert shown[caret.index("^") :].startswith('"x"')


def test_fronts_that_all_lead_to_each_other_are_told_of_a_few_circles() -> None:
    fronts = {f"f{n}": {"listen": f"[::1]:{n + 900}", "to": "web"} for n in range(MANY)}
    servers = [f"[::1]:{n + 900}" for n in range(MANY)]
    text = yaml.dump({"fronts": fronts, "farms": {"web": {"servers": servers}}})
    with within(20):
        found = warnings(parse(text), Host())
    assert 0 < len(found) <= 20
    assert "sessions would run in a circle, f0 -> f0" in found[0]


def test_a_long_circle_of_fronts_is_told_shortly() -> None:
    ring = {f"f{n}": {"listen": f"[::1]:{n + 1}", "to": f"w{n}"} for n in range(MANY)}
    farms = {f"w{n}": {"servers": [f"[::1]:{(n + 1) % MANY + 1}"]} for n in range(MANY)}
    text = yaml.dump({"fronts": ring, "farms": farms}, sort_keys=False)
    with within(20):
        found = warnings(parse(text), Host())
    assert "f1 -> f2 -> f3 -> f4 -> (1,995 more) -> f0 -> f1" in found[0]
    assert sum(map(len, found)) < 10_000
