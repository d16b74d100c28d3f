"""pgbench with ``sslmode=verify-full``: postgres' own TLS passes unopened."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.e2e import database
from tests.e2e.certified import NAME, Certified
from tests.e2e.conftest import Start
from tests.e2e.gateway import relay, until
from tests.netlab import Lab

PORT = 8080


@pytest.mark.parametrize("name", [NAME, "else.test"])
def test_pgbench_verifies_the_server_behind_the_gateway(
    lab: Lab,
    start: Start,
    certified: Certified,
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
) -> None:
    database.unprivileged()  # or a skip
    folder = tmp_path_factory.mktemp("pg")
    tls = folder / "tls"
    shutil.copytree(certified.folder, tls)
    for file in (tls / "web.key", tls / "web.pem", tls):
        shutil.chown(file, "postgres")
    (tls / "web.key").chmod(0o600)
    database.start(lab.server, PORT, folder, tls=tls)
    listen, server = f"[{lab.front_address}]:{PORT}", f"{lab.server.address}:{PORT}"
    gateway = start(relay(server, listen=listen), host=lab.gateway)
    pgbench = database.filled(lab.client, lab.front_address, PORT)
    where = f"host={name} hostaddr={lab.front_address} port={PORT} user=postgres"
    wanted = f"{where} dbname=postgres sslmode=verify-full sslrootcert={certified.ca}"
    command = [pgbench[0], "-C", "-c", "4", "-t", "25", "-n", wanted]
    environment = {**os.environ, "HOME": str(Path("/nonexistent"))}
    ran = lab.client.run(command, 60, check=False, env=environment)
    if name == NAME:
        assert ran.returncode == 0, ran.stderr
        assert "number of transactions actually processed: 100/100" in ran.stdout
        until(lambda: len(gateway.told()) >= 100, "a record of each")
    else:
        assert ran.returncode
        assert f'does not match host name "{name}"' in ran.stderr
