"""A first configuration: of every answer it is right, or the answer is named."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
import yaml

from bridge.config import summary
from bridge.config.problems import ConfigError, Problem
from bridge.control.init import (
    MODES,
    Wanted,
    WrongAnswerError,
    blamed,
    complete,
    text_of,
    understood,
)

SERVER = Wanted(server=("192.0.2.10:80",))


def fault(**answers: object) -> tuple[str, str]:
    """Which answer is wrong, and why."""
    with pytest.raises(WrongAnswerError) as caught:
        understood(replace(SERVER, **answers))  # type: ignore[arg-type]
    return caught.value.field, str(caught.value)


@pytest.mark.parametrize("mode", MODES)
def test_one_server_is_enough_in_every_mode(mode: str) -> None:
    document = understood(replace(SERVER, mode=mode))
    assert summary(document) == "1 front, 1 farm, 1 server"
    (front,) = document.config.fronts.values()
    assert front.mode == mode
    port = {"stream": 80, "sni": 443, "http": 80, "ftp": 21}[mode]
    assert [str(each) for each in front.listen] == [f"[::]:{port}"]


def test_all_answers_together_are_understood() -> None:
    """Every mode, with and without each of the others where the mode has them."""
    some = ("[2001:db8::80]:8000", "[2001:db8::80]:8443")
    for mode, hosts, listen, jumbo in product(
        MODES, ((), ("www.example.org", "*.example.org")), ((), some), (False, True)
    ):
        if hosts and mode not in ("sni", "http"):
            continue
        wanted = replace(SERVER, mode=mode, host=hosts, listen=listen, jumbo=jumbo)
        config = understood(wanted).config
        (front,), (farm,) = config.fronts.values(), config.farms.values()
        assert len(front.listen) == len(listen or [1])
        assert farm.profile == ("jumbo" if jumbo else "lan")
        assert set(front.to) == set(hosts or ("default",))


def test_tls_is_opened_on_443_and_servers_get_what_is_inside() -> None:
    wanted = Wanted(
        server=("192.0.2.10",), certificate="/etc/ssl/a b.pem", key='/etc/ssl/"x".key'
    )
    (front,) = understood(wanted).config.fronts.values()
    assert str(front.listen[0]) == "[::]:443"
    assert front.tls is not None
    (certificate,) = front.tls.certificates
    assert str(certificate.certificate) == "/etc/ssl/a b.pem"
    assert str(certificate.key) == '/etc/ssl/"x".key'
    assert wanted.servers == ("192.0.2.10:80",)


@pytest.mark.parametrize(
    ("server", "written"),
    [
        ("192.0.2.10", "192.0.2.10:8080"),
        ("2001:db8::10", "[2001:db8::10]:8080"),
        ("web.farm.internal", "web.farm.internal:8080"),
        ("192.0.2.10:1", "192.0.2.10:1"),
        ("srv:_http._tcp.farm.internal", "srv:_http._tcp.farm.internal"),
    ],
)
def test_a_server_without_a_port_has_the_fronts(server: str, written: str) -> None:
    wanted = Wanted(server=(server,), listen=("[::]:8080",))
    understood(wanted)
    assert wanted.servers == (written,)


@pytest.mark.parametrize("listen", ["unix:/run/x.sock", "systemd:web", "[::]:0"])
def test_or_the_modes_where_a_front_has_none(listen: str) -> None:
    wanted = Wanted(mode="ftp", server=("192.0.2.10",), listen=(listen,))
    assert wanted.servers == ("192.0.2.10:21",)


def test_a_port_alone_is_every_addresss() -> None:
    assert replace(SERVER, listen=("8080",)).listens == ("[::]:8080",)


@pytest.mark.parametrize(
    ("answers", "field", "why"),
    [
        ({"listen": ("[::]:x",)}, "listen", "[::]:x"),
        ({"listen": ("localhost:80",)}, "listen", "[::1]:80"),
        ({"listen": ("8080", "8080")}, "listen", "8080"),
        ({"server": ()}, "server", "is needed"),
        ({"server": ("1.2.3",)}, "server", "'1.2.3' is no IP address"),
        ({"server": ("192.0.2.1", "192.0.2.1")}, "server", "192.0.2.1:80"),
        ({"host": ("a.org",)}, "host", "mode stream sees no names"),
        ({"mode": "http", "host": ("a b",)}, "host", "'a b' is no name"),
        ({"mode": "sni", "certificate": "x"}, "certificate", "unopened"),
        ({"key": "x"}, "key", "name that as well"),
        ({"access_log": ""}, "access_log", "is no target"),
        ({"access_log": "${LOG_OF_NOBODY}"}, "access_log", "LOG_OF_NOBODY"),
    ],
)
def test_what_cannot_be_is_told_of_its_own_answer(
    answers: dict[str, object], field: str, why: str
) -> None:
    named, text = fault(**answers)
    assert named == field
    assert why in text


@pytest.mark.parametrize("nasty", ['"', "\\", "a\nb: c", "#", "}", "\x00", "é", "'"])
def test_no_answer_gets_out_of_its_quotes(nasty: str) -> None:
    text = text_of(replace(SERVER, access_log=f"/var/log/{nasty}x", host=(nasty,)))
    plain = yaml.safe_load(text)
    assert plain["log"] == {"access": f"/var/log/{nasty}x"}
    assert list(plain["fronts"]["web"]["to"]) == [nasty]


def test_no_line_is_longer_than_people_read() -> None:
    for mode in MODES:
        text = text_of(replace(SERVER, mode=mode, jumbo=True))
        assert max(map(len, text.splitlines())) <= 90


def test_one_that_lacks_a_server_can_be_judged_for_the_rest() -> None:
    understood(complete(Wanted()))
    assert complete(SERVER) is SERVER


def test_a_problem_that_no_answer_explains_is_still_told() -> None:
    problem = Problem("f", 1, 1, "workers", "is odd")
    error = blamed(ConfigError([problem]))
    assert (error.field, str(error)) == ("mode", "workers: is odd")
