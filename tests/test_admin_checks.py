"""Who may reach the page: what the keys of ``admin`` owe each other."""

from __future__ import annotations

import re

import pytest

from bridge.config.places import WEB
from tests.configured import config

BEHIND = "tls: {certificate: a.pem}, passwords: who"


@pytest.mark.parametrize("where", ["192.0.2.1:80", "[2001:db8::1]:8080", "[::1]:0"])
def test_it_may_be_anywhere_behind_tls_and_a_password(where: str) -> None:
    admin = config(f"admin: {{web: '{where}', {BEHIND}}}").admin
    assert str(admin.web) == where
    assert admin.tls is not None and admin.tls.certificate.name == "a.pem"
    assert admin.passwords is not None and admin.passwords.is_absolute()


@pytest.mark.parametrize("more", ["", "allow_changes: true", "tls: off", "tls: false"])
@pytest.mark.parametrize(
    "web", ["'[::]:9180'", "192.0.2.1:9180", "0.0.0.0:9180", "'[fe80::1%eth0]:9180'"]
)
def test_and_without_them_only_where_only_this_host_reaches_it(
    web: str, more: str
) -> None:
    with pytest.raises(ValueError, match=r"admin\.web: .* can be reached") as caught:
        config(f"admin: {{web: {web}, {more}}}")
    told = str(caught.value)
    assert "tls: {certificate: FILE, key: FILE} and passwords: FILE" in told
    assert f'a loopback address, like "{WEB}"' in told


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        ("tls: {certificate: a.pem}", "give admin passwords: FILE"),
        ("passwords: who", "give admin tls: {certificate: FILE, key: FILE}, or"),
    ],
)
def test_one_of_them_is_not_enough(more: str, missing: str) -> None:
    with pytest.raises(ValueError, match=re.escape(missing)):
        config(f"admin: {{web: 192.0.2.1:80, {more}}}")


def test_on_a_loopback_address_each_may_be_left_out() -> None:
    assert config("admin: {tls: {certificate: a.pem}}").admin.passwords is None
    assert config("admin: {passwords: who}").admin.tls is None


@pytest.mark.parametrize("key", ["tls: {certificate: a.pem}", "passwords: who"])
def test_without_a_page_they_do_nothing(key: str) -> None:
    with pytest.raises(ValueError, match="does nothing while web is off"):
        config(f"admin: {{web: off, {key}}}")


def test_or_behind_tls_and_a_password() -> None:
    text = f"admin: {{web: '[::]:9180', allow_changes: true, {BEHIND}}}"
    assert config(text).admin.allow_changes
