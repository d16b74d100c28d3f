"""Where the admin socket is made, and what is done where it cannot be."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import fail

from bridge.config.admin import Admin as AdminConfig
from bridge.control.orders import AnswerError
from bridge.service.admin import Admin
from bridge.service.listening import ListenError
from tests.configured import config
from tests.logged import logged
from tests.pumping import HandTurned


def ask(*_: object) -> Any:
    return fail(AnswerError("nobody is there"))


def service(configured: AdminConfig) -> Admin:
    return Admin(configured, HandTurned(), ask)


def with_socket(path: object) -> AdminConfig:
    return config(f"admin: {{socket: {path}}}").admin


def started(made: Admin) -> list[str]:
    made.privilegedStartService()
    with logged() as log:
        made.startService()
    return log.lines


def test_it_is_told_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    made = service(with_socket(path))
    assert started(made) == [f"admin socket {path}"]
    made.close()
    made.close()
    assert not path.exists()


def test_there_may_be_none() -> None:
    made = service(with_socket("off"))
    assert started(made) == []
    made.close()


def test_one_that_is_asked_for_and_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "none" / "a.sock"
    with pytest.raises(ListenError) as caught:
        service(with_socket(path)).privilegedStartService()
    why = f"admin socket {path} cannot be made: No such file or directory: "
    assert str(caught.value).startswith(why + f"there is no folder {path.parent}")


def test_where_another_gateway_listens_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(ListenError, match="ss -lxp tells by whom"):
            service(with_socket(path)).privilegedStartService()


def unchosen(path: Path) -> AdminConfig:
    """The default is there."""
    return AdminConfig.model_construct(_fields_set=set(), socket=str(path))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "run" / "admin.sock"


def test_root_makes_the_folder_of_the_default(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    made = service(unchosen(run))
    assert started(made) == [f"admin socket {run}"]
    assert run.parent.stat().st_mode & 0o777 == 0o755
    made.close()


def test_others_do_without_the_default_and_are_told_the_cure(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    made = service(unchosen(run))
    (line,) = started(made)
    assert line.startswith(f"admin socket {run} cannot be made: No such file")
    assert line.endswith("; bridgectl needs another, admin: {socket: PATH}")
    made.close()


def test_a_second_gateway_does_without_the_default(run: Path) -> None:
    run.parent.mkdir()
    first, second = service(unchosen(run)), service(unchosen(run))
    first.privilegedStartService()
    (line,) = started(second)
    assert "Address already in use" in line
    second.close()
    assert run.exists()
    first.close()
