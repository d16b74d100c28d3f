"""postgres and its pgbench, as a server of farms and as its client."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from tests.e2e.gateway import until
from tests.netlab import Host
from tests.netlab.fixtures import missing, requires
from tests.reachable import let_in

QUIET = subprocess.DEVNULL

SSL_REQUEST = "\0\0\0\x08\x04\xd2\x16\x2f"
"""What every server answers, with S or N (PostgreSQL's protocol, 55.2.10)."""


def program(name: str) -> str:
    """Debian keeps them in a folder for each version."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else requires(name)


def unprivileged() -> list[str]:
    """The words before a command that postgres agrees to run by: it refuses root."""
    if os.geteuid():
        missing("needs root: in a lab of our own we are root, which postgres refuses")
    try:
        account = pwd.getpwnam("postgres")
    except KeyError:
        missing("needs a user called postgres")
    ids = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}"]
    return [requires("setpriv"), *ids, "--clear-groups"]


def start(
    host: Host, port: int, folder: Path, *addresses: str, tls: Path | None = None
) -> None:
    """
    One that trusts everyone, on *addresses* of *host* or on its first; it ends with
    the lab.  *tls*: a folder with its certificate and key, ``web.pem`` and ``web.key``.
    """
    words = unprivileged()
    let_in(folder.parent)
    shutil.chown(folder, "postgres")
    data = str(folder / "data")
    make = [program("initdb"), "-D", data, "-A", "trust", "-U", "postgres", "--no-sync"]
    subprocess.run([*words, *make], check=True, timeout=60, cwd="/", stdout=QUIET)
    (folder / "data/pg_hba.conf").write_text("host all all 0.0.0.0/0 trust\n")
    where = ",".join(addresses or [host.address])
    run = [program("postgres"), "-D", data, "-h", where, "-p", str(port)]
    quick = ["-k", str(folder), "-c", "fsync=off"]
    if tls is not None:
        files = [f"ssl_cert_file={tls}/web.pem", f"ssl_key_file={tls}/web.key"]
        quick += [word for setting in ("ssl=on", *files) for word in ("-c", setting)]
    host.popen([*words, *run, *quick], cwd="/", stdout=QUIET, stderr=QUIET)
    host.wait_listening(port, 30)


def filled(client: Host, address: str, port: int) -> list[str]:
    """
    pgbench's command line from *client* to a database that has its tables.

    Options and the database's name, ``postgres``, are to follow.
    """
    pgbench = [program("pgbench"), "-h", address, "-p", str(port), "-U", "postgres"]

    def answers() -> bool:  # a server that starts up refuses at first
        fill = [*pgbench, "-i", "-q", "postgres"]
        return client.run(fill, 60, check=False).returncode == 0

    until(answers, "postgres to answer")
    return pgbench
