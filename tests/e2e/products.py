"""
Real servers of many protocols, as Debian has them, for checks to ask.

Here: how each is set up and started.  Not here: how it is run and asked (``product``),
and what it counts and logs of that (``test_product_checks``).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.database import program
from tests.e2e.product import GUEST, HERE, Product, account, folder, free_port, product
from tests.netlab.fixtures import missing, requires


@contextmanager
def mariadb(*options: str) -> Iterator[Product]:
    """With the user ``app``, whose password is ``secret``; root has none."""
    server, install = requires("mariadbd"), requires("mariadb-install-db")
    requires("mariadb")
    with product("mysql") as made:
        data = f"--datadir={made.folder}/data"
        made.run(
            install, "--no-defaults", data, "--skip-test-db",
            "--auth-root-authentication-method=normal",
        )  # fmt: skip
        made.know(GUEST)  # or it asks DNS, and counts nobody whose name it cannot learn
        made.start(
            server, "--no-defaults", data, f"--socket={made.folder}/s",
            f"--port={made.port}", f"--bind-address={HERE}",
            "--performance-schema=on", "--innodb-flush-log-at-trx-commit=0", *options,
        )  # fmt: skip
        sql(made, "CREATE USER app@'%' IDENTIFIED BY 'secret'")
        yield made


def sql(made: Product, statement: str) -> str:
    """What root's *statement* gives, by the socket."""
    client = [requires("mariadb"), "--no-defaults", f"--socket={made.folder}/s"]
    return made.run(*client, "-uroot", "-N", "-e", statement)


@contextmanager
def postgres(access: str, *settings: str, standby: bool = False) -> Iterator[Product]:
    """*access* are lines of pg_hba.conf; with TLS, as Debian has it."""
    with product("postgres") as made:
        data = made.folder / "data"
        made.run(program("initdb"), "-D", data, "-A", "trust", "-U", "postgres", "-N")
        (data / "pg_hba.conf").write_text(access)
        if standby:
            (data / "standby.signal").touch()
            shutil.chown(data / "standby.signal", _owner(data))
        made.run(
            requires("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes",
            "-subj", "/CN=x",
            "-keyout", data / "server.key", "-out", data / "server.crt",
        )  # fmt: skip
        (data / "server.key").chmod(0o600)
        options = ["fsync=off", "ssl=on", *settings]
        made.start(
            program("postgres"), "-D", data, "-h", HERE, "-p", made.port,
            "-k", made.folder, *(word for each in options for word in ("-c", each)),
            ready="" if standby else "ready to accept connections",
        )  # fmt: skip
        yield made


def _owner(path: Path) -> int:
    return path.stat().st_uid


@contextmanager
def redis(*options: str) -> Iterator[Product]:
    server = requires("redis-server")
    with product() as made:
        made.start(
            server, "--port", made.port, "--bind", HERE, "--save", "",
            "--dir", made.folder, *options, ready="Ready to accept connections",
        )  # fmt: skip
        yield made


@contextmanager
def sshd() -> Iterator[Product]:
    server, keygen = requires("sshd"), requires("ssh-keygen")
    with product() as made:
        key = made.folder / "key"
        made.run(keygen, "-q", "-t", "ed25519", "-N", "", "-f", key)
        Path("/run/sshd").mkdir(exist_ok=True)  # where Debian's is confined
        made.start(
            server, "-D", "-e", "-f", "/dev/null", "-h", key,
            "-o", f"Port={made.port}", "-o", f"ListenAddress={HERE}",
            "-o", f"PidFile={made.folder}/pid", ready="Server listening on",
        )  # fmt: skip
        yield made


@contextmanager
def mosquitto(*, anonymous: bool) -> Iterator[Product]:
    server = requires("mosquitto")
    with product("nobody") as made:
        file = made.folder / "mosquitto.conf"
        allow = str(anonymous).lower()
        file.write_text(f"listener {made.port} {HERE}\nallow_anonymous {allow}\n")
        made.start(server, "-c", file)
        yield made


@contextmanager
def slapd(*settings: str) -> Iterator[Product]:
    server = requires("slapd")
    with product() as made:
        file = made.folder / "slapd.conf"
        database = ["moduleload back_mdb", "database mdb", "suffix dc=test"]
        lines = ["include /etc/ldap/schema/core.schema", *settings]
        lines += [f"pidfile {made.folder}/pid", "modulepath /usr/lib/ldap", *database]
        file.write_text("\n".join([*lines, f"directory {made.folder}", ""]))
        made.start(
            server, "-h", f"ldap://{HERE}:{made.port}", "-f", file, "-d", "stats"
        )
        yield made


DOVECOT = """
base_dir = {folder}/run
log_path = {folder}/log
protocols = imap
ssl = no
listen = 127.0.0.1
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
passdb {{
  driver = passwd-file
  args = /dev/null
}}
userdb {{
  driver = passwd-file
  args = /dev/null
}}
"""


@contextmanager
def dovecot(*settings: str) -> Iterator[Product]:
    """*settings*: lines of its configuration; ``{folder}`` is its own."""
    server = requires("dovecot")
    if os.geteuid():
        missing("needs root: dovecot does")
    with product() as made:
        file = made.folder / "dovecot.conf"
        text = "\n".join([DOVECOT, *settings, ""])
        file.write_text(text.format(folder=made.folder, port=made.port))
        made.start(server, "-F", "-c", file)
        yield made


POSTFIX = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.1/32
myhostname = mx.test
mydestination =
alias_maps =
alias_database =
postscreen_greet_wait = 1s
postscreen_greet_action = enforce
postscreen_cache_map =
"""

# No process but these is needed to greet, and to take a recipient.
POSTFIX_SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{strict} inet n - n - 1 postscreen
smtpd pass - - n - - smtpd
cleanup unix n - n - 0 cleanup
dnsblog unix - - n - 0 dnsblog
tlsproxy unix - - n - 0 tlsproxy
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
rewrite unix - - n - - trivial-rewrite
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix(Product):
    """Its smtpd; another one is behind postscreen, at port *strict*."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.strict = free_port()

    def stop(self) -> None:
        stop = [requires("postfix"), "-c", str(self.folder / "etc"), "stop"]
        if self._process is not None:
            subprocess.run(stop, timeout=30, check=False, capture_output=True)
            self._process.wait(20)


def behind_postscreen(made: Postfix) -> Product:
    """The same, where who speaks too early is found out."""
    other = Product(made.folder)
    other.port = made.strict
    return other


@contextmanager
def postfix(*settings: str) -> Iterator[Postfix]:
    """*settings*: lines of main.cf."""
    server = requires("postfix")
    if os.geteuid():
        missing("needs root: postfix does")
    with folder() as home:
        made = Postfix(home)
        for name in ("etc", "spool", "data"):
            (home / name).mkdir()
        os.chown(home / "data", account("postfix").pw_uid, 0)
        told = "\n".join([POSTFIX.format(folder=home), *settings, ""])
        (home / "etc/main.cf").write_text(told)
        services = POSTFIX_SERVICES.format(port=made.port, strict=made.strict)
        (home / "etc/master.cf").write_text(services)
        try:
            made.start(server, "-c", home / "etc", "start-fg")
            yield made
        finally:
            made.stop()
