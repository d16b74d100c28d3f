"""Profiles become options, options reach sockets, and the kernel says them back."""

import socket

import pytest

from bridge.config.profile import Profile
from bridge.net import sockopt
from bridge.net.sockopt import Option, OptionError


def profile(**keys: object) -> Profile:
    """A profile as the configuration says it."""
    return Profile.model_validate(keys)


def keys(options: sockopt.Options) -> list[str]:
    return [option.key for option in options]


def value(options: sockopt.Options, key: str) -> int | bytes:
    return next(option.value for option in options if option.key == key)


def test_a_neutral_profile_sets_nothing() -> None:
    assert sockopt.for_listener(profile(nodelay=False), 6) == ()
    assert sockopt.for_dial(profile(nodelay=False), 4) == ()


@pytest.mark.parametrize(("family", "mss"), [(6, 1220), (4, 1240)])
def test_safe_is_the_mss_of_mtu_1280(family: int, mss: int) -> None:
    assert value(sockopt.for_listener(profile(mss="safe"), family), "mss") == mss


def test_a_dual_stack_socket_marks_the_packets_of_both_families() -> None:
    options = sockopt.for_listener(profile(dscp="EF"), 6)
    marks = [(o.level, o.value) for o in options if o.key == "dscp"]
    assert marks == [(socket.IPPROTO_IP, 46 << 2), (socket.IPPROTO_IPV6, 46 << 2)]


def test_times_are_in_the_unit_the_kernel_wants_and_never_zero() -> None:
    keepalive = {"idle": 1, "interval": "1500ms", "probes": 3}
    options = sockopt.for_dial(profile(keepalive=keepalive), 4)
    assert value(options, "keepalive.idle") == 1
    assert value(options, "keepalive.interval") == 2
    assert value(options, "keepalive.probes") == 3


def test_listener_and_dial_differ_where_the_kernel_does() -> None:
    tuning = profile(fast_open=True, defer_accept=3, quickack=True)
    assert keys(sockopt.for_listener(tuning, 6))[-2:] == ["fast_open", "defer_accept"]
    assert keys(sockopt.for_dial(tuning, 4))[-2:] == ["quickack", "fast_open"]
    assert keys(sockopt.for_accepted(tuning)) == ["quickack"]


def test_the_kernel_says_them_back() -> None:
    tuning = profile(mss=1000, unsent_low_water=131072, congestion="reno")
    with socket.socket(socket.AF_INET6) as sock:
        sockopt.apply(sock, sockopt.for_listener(tuning, 6))
        tcp = socket.IPPROTO_TCP
        assert sock.getsockopt(tcp, socket.TCP_MAXSEG) == 1000
        assert sock.getsockopt(tcp, socket.TCP_NOTSENT_LOWAT) == 131072
        assert sock.getsockopt(tcp, socket.TCP_CONGESTION, 16).startswith(b"reno\0")


def test_the_kernels_user_timeout_stays_off() -> None:
    """It would reset a peer that answers every window probe: see session/gone.py."""
    options = sockopt.for_listener(profile(user_timeout=7), 6)
    assert socket.TCP_USER_TIMEOUT not in {option.name for option in options}


def test_a_refused_option_names_its_key() -> None:
    options = (
        Option("congestion", socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"no such"),
    )
    with socket.socket() as sock, pytest.raises(OptionError, match=r"^.*congestion: "):
        sockopt.apply(sock, options)


def test_accepted_sockets_inherit_from_the_listener() -> None:
    """What lets a front set its options once instead of per connection."""
    tuning = profile(
        keepalive={"idle": 33, "interval": 5, "probes": 4},
        unsent_low_water=65536,
        send_buffer=200_000,
        receive_buffer=100_000,
        window_clamp=50_000,
        congestion="reno",
        dscp="AF21",
    )
    options = sockopt.for_listener(tuning, 6)
    with socket.socket(socket.AF_INET6) as listener:
        sockopt.apply(listener, options)
        listener.bind(("::1", 0))
        listener.listen()
        client = socket.create_connection(listener.getsockname()[:2])
        accepted, _ = listener.accept()
        with client, accepted:
            for option in options:
                if isinstance(option.value, int):
                    on = accepted.getsockopt(option.level, option.name)
                    assert on == listener.getsockopt(option.level, option.name), option
            tcp = socket.IPPROTO_TCP
            name = accepted.getsockopt(tcp, socket.TCP_CONGESTION, 16)
            assert name.startswith(b"reno\0")


def test_dual_stack_is_always_said() -> None:
    with socket.socket(socket.AF_INET6) as sock:
        for dual in (True, False):
            sockopt.set_dual_stack(sock, dual)
            only = sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
            assert only == int(not dual)


def test_transparent_binds_an_address_that_is_not_ours() -> None:
    with socket.socket() as sock:
        sockopt.set_transparent(sock, 4)
        sock.bind(("192.0.2.77", 0))
