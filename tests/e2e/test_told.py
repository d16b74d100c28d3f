"""What the own log tells an operator at three in the morning."""

from tests.e2e.conftest import Start
from tests.e2e.gateway import relay
from tests.e2e.peers import turned_away
from tests.sessions import closed_address


def test_sessions_that_fail_are_a_line_that_counts_and_usr2_tells_the_rest(
    start: Start,
) -> None:
    host, port = closed_address()
    configuration = relay(
        f"{host}:{port}",
        farm={"retries": 0, "eject": {"failures": 3, "for": "1m"}, "connections": 5},
    )
    gateway = start(configuration)
    for number in range(5):
        turned_away(gateway)
        gateway.records(number + 1)
    what = "farm web: session ended as dial_failed, Connection refused"
    gateway.wait_log(what)
    gateway.state()
    log = gateway.log
    assert f"{what}: server {host}:{port}" in log
    assert "farm web: 1 of 1 servers get sessions, 0 sessions, 0 of 1000 wait" in log
    assert f"server {host}:{port} is up for " in log
    assert "0 of 5 sessions; its last dial failed" in log
    assert f"access log {gateway.access}: 0 lines dropped, 0 bytes wait" in log
    assert "standard output: 0 lines dropped" in log
    assert log.count(what) == 1
    gateway.stop()
    assert f"{what}: 4 more in " in gateway.log
