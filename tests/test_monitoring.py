"""What is shipped for Prometheus and Grafana, by their own tools."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from bridge.watch.exposition import Gateway
from tests.netlab.fixtures import requires
from tests.readings import READING

CONF = Path(__file__).parent.parent / "conf"
RULES = CONF / "prometheus" / "bridge.rules.yml"
TESTS = CONF / "prometheus" / "bridge.rules.test.yml"
DASHBOARD: dict[str, Any] = json.loads((CONF / "grafana" / "bridge.json").read_text())

VARIABLE = re.compile(r"\$(__rate_interval|\w+)")


def promtool(*words: str | Path) -> None:
    ran = subprocess.run(
        [requires("promtool"), *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def expressions() -> Iterator[str]:
    """All of the dashboard, as Grafana would send them."""
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield _filled(target["expr"])
    for each in DASHBOARD["annotations"]["list"]:
        yield _filled(each["expr"])


def _filled(text: str) -> str:
    return VARIABLE.sub(lambda v: "1m" if v[1].startswith("__") else ".*", text)


def names(text: str) -> set[str]:
    return set(re.findall(r"\bbridge_\w+", text))


def lost(given: Any, kept: Any, path: str = "") -> Iterator[str]:
    """Where *kept* is something else than was given; it may have more."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            yield from lost(value, kept.get(key), f"{path}.{key}")
    elif isinstance(given, list) and isinstance(kept, list):
        for number, value in enumerate(given):
            one = kept[number] if number < len(kept) else None
            yield from lost(value, one, f"{path}[{number}]")
    elif given != kept:
        yield f"{path}: {given!r} is {kept!r}"


def told() -> set[str]:
    """All names of samples that there are."""
    collected = Gateway(lambda: READING).collect()
    return {sample.name for family in collected for sample in family.samples}


def test_the_rules_are_rules() -> None:
    promtool("check", "rules", RULES)


def test_the_rules_fire_when_they_should_and_only_then() -> None:
    promtool("test", "rules", TESTS)


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_each_alert_is_tested_and_about_what_there_is(alert: dict[str, Any]) -> None:
    assert alert["alert"] in TESTS.read_text()
    assert names(alert["expr"]) and names(alert["expr"]) <= told()
    assert set(alert["annotations"]) == {"summary", "description"}
    assert alert["labels"]["severity"] in ("warning", "critical")


def test_the_dashboard_is_one() -> None:
    """All of it is known to Grafana's own library: nothing is lost on the way."""
    read = Dashboard.from_json(DASHBOARD)
    again = json.loads(json.dumps(read, cls=JSONEncoder))
    assert list(lost(DASHBOARD, again)) == []


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {
            (at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_its_expressions_are_prometheuss(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expression}
        for number, expression in enumerate(expressions())
    ]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", file)


def test_its_expressions_are_about_what_there_is() -> None:
    for expression in expressions():
        assert names(expression) and names(expression) <= told(), expression
