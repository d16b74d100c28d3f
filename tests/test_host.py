"""What is read of a host."""

from dataclasses import replace
from pathlib import Path

from bridge.doctor import Host


def test_a_host_is_read_from_its_files(tmp_path: Path) -> None:
    for name, text in {
        "proc/sys/net/ipv4/tcp_available_congestion_control": "reno cubic\n",
        "proc/sys/net/core/wmem_max": "212992\n",
        "proc/sys/net/ipv4/tcp_wmem": "4096\t16384\t4194304\n",
        "proc/sys/net/ipv4/tcp_fastopen": "nonsense\n",
        "sys/class/net/eth0/mtu": "1500\n",
        "sys/class/net/bonding_masters": "\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert replace(Host.read(tmp_path), now=None) == Host(
        interfaces={"eth0": 1500},
        congestion=frozenset({"reno", "cubic"}),
        send_buffer_max=212992,
        send_autotuned_max=4194304,
        mptcp=False,
    )


def test_a_host_without_files_is_not_known(tmp_path: Path) -> None:
    assert replace(Host.read(tmp_path), now=None) == Host()


def test_this_host_has_a_loopback() -> None:
    assert "lo" in (Host.read().interfaces or {})


def test_the_hard_limit_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    line = "Max open files            1024                 524288               files\n"
    (tmp_path / "proc/self/limits").write_text(f"Limit  Soft  Hard  Units\n{line}")
    assert Host.read(tmp_path).descriptors == 524288
