"""Which lines a session of mode http has."""

from bridge.watch.exchange import Exchange
from bridge.watch.requests import Requests
from tests.test_access import record
from tests.test_access_http import REQUEST


def test_requests_have_a_line_each_and_their_session_none() -> None:
    told: list[Exchange] = []
    requests = Requests(told.append)
    for _ in range(3):
        requests.exchange(REQUEST)
    requests.session(record(session=REQUEST.session))
    assert told == [REQUEST] * 3


def test_a_session_without_a_request_has_one_itself() -> None:
    told: list[Exchange] = []
    requests = Requests(told.append)
    requests.exchange(REQUEST)
    requests.session(record(session="other"))
    (_, one) = told
    assert (one.session, one.method, one.ending) == ("other", "", "done")


def test_nothing_is_kept_of_a_session_that_is_over() -> None:
    told: list[Exchange] = []
    requests = Requests(told.append)
    requests.exchange(REQUEST)
    requests.session(record(session=REQUEST.session))
    requests.session(record(session=REQUEST.session))
    assert [one.method for one in told] == ["GET", ""]
