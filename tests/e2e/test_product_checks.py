"""
Checks of real servers: who is up, and what those servers count and log of it.

What docs/farms.md has for a product is read from there, so that it is what was tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.config import parse
from bridge.config.check import Check
from bridge.farm.probe import Exchange, Question, Tcp
from bridge.service.checks import question
from tests.e2e import products
from tests.e2e.certified import Certified
from tests.e2e.conftest import Start
from tests.e2e.gateway import relay, until
from tests.e2e.product import GUEST, HERE, Product, free_port
from tests.e2e.products import sql
from tests.netlab.fixtures import requires
from tests.servers import server

PAGE = Path(__file__).parents[2] / "docs" / "farms.md"
BLOCK = re.compile(r"^```yaml\n(farms:\n.*?)^```", re.M | re.S)
FRONT = 'fronts: {f: {listen: "[::]:1", to: %s}}\n'


def recipes() -> dict[str, Check]:
    """Every check that the page shows in a whole farm, by the farm's name."""
    found = {}
    for text in BLOCK.findall(PAGE.read_text()):
        name = re.findall(r"^  (\S+):$", text, re.M)[0]
        check = parse(FRONT % name + text, name=name).config.farms[name].check
        if check is not None and check.kind != "tcp":
            found[name] = check
    return found


def recipe(name: str, **changes: object) -> Question:
    check = recipes()[name].model_copy(update=changes)
    return question(check, server("s"))


def test_the_page_has_a_recipe_for_each_product() -> None:
    assert set(recipes()) == {
        *("mysql", "postgres", "postgres-ready", "redis", "smtp"),
        *("ssh", "imap", "ldap", "mqtt"),
    }


# MariaDB


ERRORS = f"""
    SELECT sum_connect_errors FROM performance_schema.host_cache WHERE ip = '{GUEST}'
"""


@pytest.fixture(scope="module")
def mariadb() -> Iterator[Product]:
    with products.mariadb("--max-connect-errors=5") as made:
        yield made


def test_tcp_checks_lock_us_out_of_mariadb_and_the_named_kind_says_so(
    mariadb: Product,
) -> None:
    sql(mariadb, "FLUSH HOSTS")
    mariadb.ask(Tcp(), 6)
    until(lambda: int(sql(mariadb, ERRORS)) >= 5, "the errors to be counted")
    (outcome,) = mariadb.ask(recipe("mysql"))
    assert outcome.passed is False
    assert outcome.reason.startswith("answered error 1129, ")
    assert "is blocked" in outcome.reason


def test_mariadb_counts_no_error_of_its_own_kind_of_check(
    mariadb: Product, start: Start
) -> None:
    """Four times as many as would block, and a client of ours still gets in."""
    sql(mariadb, "FLUSH HOSTS")
    check = {"kind": "mysql", "interval": "30ms", "timeout": "30ms", "fall": 100}
    farm = {"check": check, "source": GUEST}
    gateway = start(relay(f"{HERE}:{mariadb.port}", listen=f"{HERE}:0", farm=farm))
    until(lambda: mariadb.log.count("'bridge-check'") >= 20, "twenty checks")
    assert sql(mariadb, ERRORS) == "0\n"
    client = [requires("mariadb"), "--no-defaults", f"-h{HERE}", f"-P{gateway.port}"]
    login = ["-uapp", "-psecret", "-N", "-e", "SELECT 40 + 2"]
    assert mariadb.run(*client, *login) == "42\n"
    assert "is down" not in gateway.log


def test_mariadb_logs_nothing_of_a_locked_user(mariadb: Product) -> None:
    sql(mariadb, "FLUSH HOSTS; CREATE USER 'bridge-check'@'%' ACCOUNT LOCK")
    try:
        assert mariadb.tells(recipe("mysql"), times=8) == []
        assert sql(mariadb, ERRORS) == "0\n"
    finally:
        sql(mariadb, "DROP USER 'bridge-check'@'%'")


def test_a_user_that_is_let_in_says_goodbye(mariadb: Product) -> None:
    aborted = "SHOW GLOBAL STATUS LIKE 'Aborted%'"
    sql(mariadb, "FLUSH HOSTS; CREATE USER 'bridge-check'@'%'")
    try:
        before = sql(mariadb, aborted)
        assert mariadb.tells(recipe("mysql"), times=8) == []
        assert sql(mariadb, aborted) == before
    finally:
        sql(mariadb, "DROP USER 'bridge-check'@'%'")


def test_mariadb_without_a_free_connection_is_down(mariadb: Product) -> None:
    sql(mariadb, "FLUSH HOSTS; SET GLOBAL max_connections = 10")
    try:
        with mariadb.full(11):
            (outcome,) = mariadb.ask(recipe("mysql"))
        assert outcome.passed is False
        assert outcome.reason == "answered error 1040, 'Too many connections'"
    finally:
        sql(mariadb, "SET GLOBAL max_connections = 100")


# PostgreSQL


def test_postgres_logs_nothing_of_its_checks() -> None:
    access = "host all bridge-check 0.0.0.0/0 scram-sha-256\nhost all all all trust\n"
    with products.postgres(access) as made:
        assert made.tells(recipe("postgres")) == []
        assert made.tells(recipe("postgres-ready")) == []
        made.ask(Exchange(b"\0\0\0\x08\x04\xd2\x16\x2f", b"S"))
        until(lambda: "could not accept SSL" in made.log, "what others make it log")


def test_postgres_that_takes_no_sessions_is_down_for_who_names_a_user() -> None:
    access = "host all all 0.0.0.0/0 scram-sha-256\n"
    with products.postgres(access, "hot_standby=off", standby=True) as made:
        until(lambda: made.ask(recipe("postgres"))[0].passed, "it to listen")
        (outcome,) = made.ask(recipe("postgres-ready"))
        assert outcome.passed is False
        assert "57P03" in outcome.reason


# Redis


TLS_FILES = {
    "certificate": "--tls-cert-file",
    "key": "--tls-key-file",
    "ca": "--tls-ca-cert-file",
}


def test_redis_logs_nothing_of_its_checks() -> None:
    with products.redis("--protected-mode", "no") as made:
        assert made.tells(recipe("redis")) == []


def test_redis_is_asked_over_tls_where_its_farm_has_it(
    start: Start, certified: Certified
) -> None:
    secure, files = free_port(), certified.entry()
    tls = ["--tls-port", str(secure), "--tls-auth-clients", "no"]
    for option, file in {**files, "ca": str(certified.ca)}.items():
        tls += [TLS_FILES[option], file]
    with products.redis("--protected-mode", "no", *tls) as made:
        check = {"kind": "redis", "interval": "50ms", "fall": 1}
        farm = {"check": check, "tls": certified.farm()}
        gateway = start(relay(f"{HERE}:{secure}", farm=farm))
        client = [requires("redis-cli"), "-p", made.port, "INFO", "commandstats"]
        asked = re.compile(r"cmdstat_ping:calls=([5-9]|\d\d)")
        until(lambda: asked.search(made.run(*client)), "five checks")
        assert "is down" not in gateway.log


def test_redis_that_asks_for_a_password_is_up() -> None:
    with products.redis("--requirepass", "secret") as made:
        assert made.tells(recipe("redis")) == []


def test_redis_that_has_lost_its_master_is_down() -> None:
    stale = ["--replica-serve-stale-data", "no", "--protected-mode", "no"]
    with products.redis("--replicaof", f"{HERE} 1", *stale) as made:
        (outcome,) = made.ask(recipe("redis"))
        assert outcome.passed is False
        assert outcome.reason.startswith("answered '-MASTERDOWN ")


# SMTP


def test_postfix_loses_no_connection_and_meets_no_spammer() -> None:
    with products.postfix() as made:
        lines = "\n".join(made.tells(recipe("smtp"), "quit=1 commands=1"))
        assert "lost connection" not in lines
        strict = products.behind_postscreen(made)
        lines = "\n".join(strict.tells(recipe("smtp"), "quit=1 commands=1", times=1))
        assert "PASS NEW" in lines
        assert "PREGREET" not in lines


# Others, by an exchange


def test_sshd_logs_no_error_of_its_checks() -> None:
    with products.sshd() as made:
        lines = made.tells(recipe("ssh"), "[preauth]")
        assert len(lines) == 3
        assert all(line.startswith(f"Connection closed by {GUEST}") for line in lines)


def test_dovecot_is_logged_out_of() -> None:
    with products.dovecot() as made:
        sign = "Aborted login by logging out"
        lines = made.tells(recipe("imap"), sign)
        assert [sign in line for line in lines if "imap-login" in line] == [True] * 3


def test_slapd_is_bound_to() -> None:
    with products.slapd() as made:
        lines = "\n".join(made.tells(recipe("ldap"), "closed"))
        assert lines.count("RESULT tag=97 err=0") == 3


def test_slapd_that_forbids_anonymous_binds_is_up_as_well() -> None:
    with products.slapd("disallow bind_anon") as made:
        refused = recipe("ldap", expect=b"\x0a\x01\x30")
        made.tells(refused)


def test_mosquitto_sees_a_client_come_and_go() -> None:
    with products.mosquitto(anonymous=True) as made:
        lines = "\n".join(made.tells(recipe("mqtt"), "closed its connection"))
        assert "error" not in lines


def test_mosquitto_that_asks_for_a_password_is_up_as_well() -> None:
    with products.mosquitto(anonymous=False) as made:
        made.tells(recipe("mqtt", expect=b"\x20\x02\0\x05"))
