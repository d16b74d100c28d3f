"""Where the admin socket is: the default, a path of one's own, or nowhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bridge.config import load, parse
from bridge.config.places import SOCKET, WEB
from tests.configured import SHORTEST, config


def test_it_is_at_its_default_place_unless_something_else_is_said() -> None:
    admin = config().admin
    assert admin.socket == SOCKET and not admin.chosen
    assert config("admin: {}").admin == admin
    assert not config("admin: {web: off}").admin.chosen


def test_what_is_written_is_asked_for_even_where_it_is_the_default() -> None:
    assert config(f"admin: {{socket: {SOCKET}}}").admin.chosen


@pytest.mark.parametrize("off", ["off", "false"])
def test_there_may_be_none(off: str) -> None:
    assert config(f"admin: {{socket: {off}}}").admin.socket is None


def test_a_relative_path_begins_in_the_files_folder(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(SHORTEST + "admin: {socket: run/a.sock}")
    found = load(file, os.environ).config.admin.socket
    assert found == str(tmp_path / "run" / "a.sock")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("''", "is no socket"),
        ("7", "is no socket"),
        ("[]", "is no socket"),
        ("/run/", "is no socket"),
        (f"/{'x' * 107}", "is longer than 107 bytes"),
    ],
)
def test_what_can_be_none_is_refused(value: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"admin.socket: .*{why}"):
        parse(SHORTEST + f"admin: {{socket: {value}}}")


# The page


def test_the_page_is_at_its_default_place_unless_something_else_is_said() -> None:
    admin = config("admin: {socket: off}").admin
    assert str(admin.web) == WEB and not admin.web_chosen and admin.names == ()
    assert config(f"admin: {{web: '{WEB}'}}").admin.web_chosen


@pytest.mark.parametrize("off", ["off", "false"])
def test_there_may_be_no_page(off: str) -> None:
    admin = config(f"admin: {{web: {off}}}").admin
    assert admin.web is None and admin.web_chosen


@pytest.mark.parametrize("value", ["on", "7", "[]", "{}", "{key: a.key}"])
def test_what_is_no_tls_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"admin\.tls"):
        config(f"admin: {{tls: {value}}}")


@pytest.mark.parametrize(
    "value",
    ["''", "7", "[]", "localhost:80", "'[::1]'", "'http://[::1]:80'", "on", "true"],
)
def test_what_is_no_address_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"admin\.web: "):
        parse(SHORTEST + f"admin: {{web: {value}}}")


def test_names_are_as_browsers_send_them() -> None:
    admin = config("admin: {names: [GW.Example.NET., a_b]}").admin
    assert admin.names == ("gw.example.net", "a_b")
    assert config("admin: {names: gw}").admin.names == ("gw",)


@pytest.mark.parametrize(
    "value", ["''", "7", "['']", "['a:80']", "['*']", "[-a]", "'a b'"]
)
def test_what_is_no_name_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"admin\.names: .*no host names"):
        parse(SHORTEST + f"admin: {{names: {value}}}")


@pytest.mark.parametrize("web", ["'[::1]:9180'", "127.0.0.1:1", "off", None])
def test_the_page_may_change_things_where_only_this_host_reaches_it(
    web: str | None,
) -> None:
    where = "" if web is None else f"web: {web}, "
    assert config(f"admin: {{{where}allow_changes: true}}").admin.allow_changes
