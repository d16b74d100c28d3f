"""What is said of a request."""

from bridge.watch.exchange import Exchange


def test_who_reads_a_request_need_not_know_what_the_session_knows() -> None:
    exchange = Exchange(
        method="GET", target="/", version="HTTP/1.1", host="a.example", status=200,
        dials=True, ending="done", reason="", reused=0, began=1.0, read=1.0,
        answered=1.5, over=2.0, up=30, down=200,
    )  # fmt: skip
    assert (exchange.session, exchange.server, exchange.dialed) == ("", "", None)
    assert exchange.letters == "--"
