"""``bridgectl who``: where its pools and its sessions come from."""

from __future__ import annotations

import gzip
import io
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from bridge.control.bridgectl import main
from bridge.net.pseudonym import DEFAULT_KEY, Pseudonyms
from bridge.watch.access import TextFormat
from bridge.watch.access_json import JsonFormat
from bridge.watch.seen import LONGEST
from tests.answering import Answering, answering
from tests.test_access import EPOCH, record

__all__ = ["answering"]

POOL = "100.64.0.0/10"
NAMES = Pseudonyms(IPv4Network(POOL), b"secret")
CLIENT = "2001:db8::2"
PSEUDONYM = NAMES.pseudonym(CLIENT)
BY_HAND = ("--pool", POOL, "--key", "secret")
LINE = TextFormat().line(record(farm="web", client=(CLIENT, 41234)), EPOCH) + "\n"
FOUND = f"{PSEUDONYM} is 2001:db8::/64: {CLIENT}; 1 session\n"

Printed = pytest.CaptureFixture[str]


def written(folder: Path, source: str, more: str = "") -> str:
    """A configuration whose farm ``web`` has *source*; its path."""
    farm = f"servers: [192.0.2.10:80], source: {source}"
    path = folder / "bridge.yaml"
    path.write_text(
        f"fronts: {{web: {{listen: '[::]:80', to: web}}}}\nfarms: {{web: {{{farm}}}}}\n"
        + more
    )
    return str(path)


def refused(capsys: Printed, *arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        main(["who", *arguments])
    assert caught.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("spelt", [CLIENT, "2001:DB8:0::2", f"[{CLIENT}]"])
def test_a_client_needs_the_key_alone(spelt: str, capsys: Printed) -> None:
    assert main(["who", spelt, *BY_HAND]) == 0
    seen_as = f"{CLIENT} is seen as {PSEUDONYM}, like all of 2001:db8::/64\n"
    assert capsys.readouterr() == (seen_as, "")


def test_a_dual_stack_fronts_client_is_an_ipv4_one(capsys: Printed) -> None:
    assert main(["who", "::ffff:192.0.2.1", *BY_HAND]) == 0
    seen_as = f"192.0.2.1 is seen as {NAMES.pseudonym('192.0.2.1')}\n"
    assert capsys.readouterr().out == seen_as


def test_without_a_key_it_is_the_public_one(capsys: Printed) -> None:
    assert main(["who", CLIENT, "--pool", POOL, "--per", "48"]) == 0
    public = Pseudonyms(IPv4Network(POOL), DEFAULT_KEY, 48)
    assert f"seen as {public.pseudonym(CLIENT)}, " in capsys.readouterr().out


def test_a_pseudonyms_clients_come_from_the_log(
    tmp_path: Path, capsys: Printed
) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"\xff\xfe of others\n" + LINE.encode())
    assert main(["who", PSEUDONYM, *BY_HAND, "--log", str(log)]) == 0
    assert capsys.readouterr() == (FOUND, "")


def test_several_logs_are_one_and_one_may_be_compressed(
    tmp_path: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "access.log.2.gz"
    old.write_bytes(gzip.compress(LINE.encode()))
    stdin = io.TextIOWrapper(io.BytesIO(LINE.encode() + b"\xff\n"), "utf-8")
    monkeypatch.setattr("sys.stdin", stdin)
    assert main(["who", PSEUDONYM, *BY_HAND, "--log", "-", "--log", str(old)]) == 0
    assert capsys.readouterr().out == FOUND.replace("1 session", "2 sessions")


def test_a_compressed_log_is_known_by_its_bytes_whatever_it_is_called(
    tmp_path: Path, capsys: Printed
) -> None:
    log = tmp_path / "access.log-20261129"
    log.write_bytes(gzip.compress(LINE.encode()))
    assert main(["who", PSEUDONYM, *BY_HAND, "--log", str(log)]) == 0
    assert capsys.readouterr() == (FOUND, "")


@pytest.mark.parametrize(
    ("start", "program"),
    [(b"\x28\xb5\x2f\xfd", "zstdcat"), (b"\xfd7zXZ\0", "xzcat"), (b"BZh9", "bzcat")],
)
def test_a_log_that_only_others_can_read_is_not_taken_for_an_empty_one(
    tmp_path: Path, start: bytes, program: str, capsys: Printed
) -> None:
    log = tmp_path / "access.log.1"
    log.write_bytes(start + b"...")
    assert main(["who", PSEUDONYM, *BY_HAND, "--log", str(log)]) == 1
    err = capsys.readouterr().err
    assert f"it is compressed: {program} {log} | bridgectl who ... --log -" in err


def test_a_line_beyond_all_measure_hides_nothing_and_says_nothing(
    tmp_path: Path, capsys: Printed
) -> None:
    log = tmp_path / "access.log"
    other = LINE.replace(CLIENT, "2001:db8::9")
    log.write_text("x" * (LONGEST + 1) + other + LINE)
    assert main(["who", PSEUDONYM, *BY_HAND, "--log", str(log)]) == 0
    assert capsys.readouterr().out == FOUND


def test_pools_and_the_log_come_from_the_configuration(
    tmp_path: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "secret")
    file = written(
        tmp_path, f"{{pool: {POOL}, key: '${{KEY}}'}}", "log: {access: access.log}\n"
    )
    made = record(farm="web", client=(CLIENT, 1), sides=None)
    unseen = JsonFormat().line(made, EPOCH) + "\n"
    elsewhere = LINE.replace(" web/", " mail/")
    (tmp_path / "access.log").write_text(unseen + elsewhere + LINE)
    assert main(["who", CLIENT, "--config", file]) == 0
    assert f" is seen as {PSEUDONYM}," in capsys.readouterr().out
    assert main(["who", PSEUDONYM, "--config", file]) == 0
    assert capsys.readouterr().out == FOUND


@pytest.mark.parametrize("by_config", [False, True])
def test_a_gateways_own_address_is_nobodys_pseudonym(
    by_config: bool, tmp_path: Path, capsys: Printed
) -> None:
    own = int(IPv4Address(PSEUDONYM))
    moved = Pseudonyms(IPv4Network(POOL), b"secret", 64, own.__eq__).pseudonym(CLIENT)
    file = written(tmp_path, f"{{pool: {POOL}, key: secret}}")
    where = ("--config", file) if by_config else BY_HAND
    assert main(["who", CLIENT, *where, "--own", PSEUDONYM, "--own", "192.0.2.1"]) == 0
    assert f" is seen as {moved}, " in capsys.readouterr().out


def test_a_pool_that_stands_in_for_the_client_is_one(
    tmp_path: Path, capsys: Printed
) -> None:
    pool = f"{{client: true, otherwise: {{pool: {POOL}, key: secret}}}}"
    assert main(["who", CLIENT, "--config", written(tmp_path, pool)]) == 0
    assert PSEUDONYM in capsys.readouterr().out


def test_what_the_command_line_lacks_is_said(tmp_path: Path, capsys: Printed) -> None:
    file = written(tmp_path, f"{{pool: {POOL}}}")
    assert "an access log tells whose, --log FILE" in refused(
        capsys, "100.64.3.7", "--config", file
    )
    for rest in ("--per", "64"), ("--key", "k"), ("--log", "x"), ("--own", "10.0.0.1"):
        right = "--config FILE, or --pool NETWORK"
        assert right in refused(capsys, CLIENT, *rest)
    assert "--json is for" in refused(capsys, CLIENT, *BY_HAND, "--json")
    assert "--config without --pool" in refused(
        capsys, CLIENT, "--config", file, "--per", "64"
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (
            ("example.org", *BY_HAND),
            "'example.org' is no IP address: write",
        ),
        (("100.64.3.7:80", *BY_HAND), "without a port"),
        ((CLIENT, "--pool", "100.64.0.1/10"), "has bits set beyond its prefix"),
        ((CLIENT, "--pool", "2001:db8::/64"), "is no IPv4 network, of which pools are"),
        ((CLIENT, "--pool", "127.0.0.0/8"), "is no pool: 127.0.0.0/8 is the gateway"),
        ((CLIENT, "--pool", POOL, "--key", ""), "a key has 1 to 64 bytes"),
        ((CLIENT, "--pool", POOL, "--per", "129"), "write 1 to 128"),
        ((CLIENT, *BY_HAND, "--own", "::1"), "--own ::1: write IPv4 addresses"),
        ((CLIENT, "--pool", POOL, "--per", "x"), "invalid int value"),
    ],
)
def test_a_wrong_command_line_is_2(
    arguments: tuple[str, ...], why: str, capsys: Printed
) -> None:
    assert why in refused(capsys, *arguments)


def test_what_cannot_be_read_is_1_in_one_line(tmp_path: Path, capsys: Printed) -> None:
    broken = bytearray(gzip.compress(LINE.encode() * 10))
    broken[20:30] = b"\xff" * 10
    files = {"none": None, "bad.gz": b"no", "cut.gz": b"\x1f\x8b", "x.gz": broken}
    for name, content in files.items():
        log = tmp_path / name
        if content is not None:
            log.write_bytes(content)
        assert main(["who", PSEUDONYM, *BY_HAND, "--log", str(log)]) == 1
        err = capsys.readouterr().err
        assert err.startswith(f"bridgectl: {log} cannot be read: ")
        assert err.count("\n") == 1


def test_a_configuration_without_a_pool_is_1(tmp_path: Path, capsys: Printed) -> None:
    file = written(tmp_path, "auto")
    assert main(["who", CLIENT, "--config", file]) == 1
    assert "no farm has a pool of sources" in capsys.readouterr().err


def test_a_wrong_configuration_is_78(tmp_path: Path, capsys: Printed) -> None:
    file = written(tmp_path, f"{{pool: {POOL}, key: '${{NOT_SET}}'}}")
    assert main(["who", CLIENT, "--config", file]) == 78
    assert "NOT_SET is not in the environment" in capsys.readouterr().err


# Of a gateway that runs


def test_an_address_alone_is_asked_of_the_running_gateway(
    answering: Answering,
) -> None:
    seen_as = {"pool": "farm web", "seen_as": "100.64.1.2", "prefix": "2001:db8::/64"}
    answering.says("who", {"address": CLIENT, "pools": [seen_as]})
    assert answering.run("who", f"[{CLIENT}]", "--socket", "/x") == (
        0,
        f"{CLIENT} is seen as 100.64.1.2, like all of 2001:db8::/64\n",
        "",
    )
    assert answering.asked == [("who", {"address": CLIENT})]
    assert answering.paths == ["/x"]


def test_a_pseudonym_is_told_with_those_it_stands_for_now(
    answering: Answering,
) -> None:
    seen = {"prefix": "2001:db8::/64", "clients": [CLIENT], "sessions": 2}
    stands = {"pool": "farm web", "stands_for": [seen | {"more": True}]}
    nobody = {"pool": "farm api", "stands_for": []}
    as_it_is = {"pool": "farm ftp", "seen_as": None, "prefix": None}
    answering.says(
        "who", {"address": "100.64.1.2", "pools": [stands, nobody, as_it_is]}
    )
    out = answering.run("who", "100.64.1.2")[1]
    assert out.splitlines() == [
        f"farm web: 100.64.1.2 is 2001:db8::/64: {CLIENT} and others; 2 sessions",
        "farm api: 100.64.1.2: no session that runs; --config and --log tell whose it "
        "was",
        "farm ftp: 100.64.1.2 is seen as it is",
    ]
