"""The host is watched for the configuration that the gateway follows now."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from twisted.internet.task import Clock

from bridge import doctor
from bridge.processes.host import watch_host


class Holder:
    warned: Sequence[str] = ()


def test_it_warns_of_what_the_current_generation_runs_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []

    def warnings(*those: Any) -> list[str]:
        asked.append(those)
        return ["w"]

    monkeypatch.setattr(doctor, "warnings", warnings)
    gateway: Any = SimpleNamespace(current=SimpleNamespace(document="first"))
    made: Any = watch_host(cast(Any, Clock()), Holder(), gateway)
    gateway.current = SimpleNamespace(document="second")
    assert made._warned._warnings("this host") == ["w"]
    assert asked == [("second", "this host")]
