"""What a farm's servers are told in a PROXY header, as it is written."""

import pytest

from bridge.config.send_proxy import SendProxy
from bridge.net import tlv
from tests.configured import farm


@pytest.mark.parametrize(
    ("written", "version"),
    [("v1", "v1"), ("v2", "v2"), ("{}", "v2"), ("{version: v1}", "v1")],
)
def test_the_short_form_adds_nothing(written: str, version: str) -> None:
    sent = farm(f"send_proxy: {written}").send_proxy
    assert sent is not None
    assert (sent.version, sent.passed, sent.added) == (version, (), ())


@pytest.mark.parametrize("written", ["off", "false"])
def test_no_header_is_sent_unless_it_is_asked_for(written: str) -> None:
    assert farm(f"send_proxy: {written}").send_proxy is farm().send_proxy is None


def test_fields_are_types_in_the_order_they_are_written() -> None:
    keys = 'pass: [unique_id, authority, "0xE0", ssl, netns], add: [crc32c, alpn]'
    sent = farm(f"send_proxy: {{{keys}}}").send_proxy
    assert sent is not None
    assert sent.passed == (tlv.UNIQUE_ID, tlv.AUTHORITY, 0xE0, tlv.SSL, tlv.NETNS)
    assert sent.added == (tlv.CRC32C, tlv.ALPN)


def test_one_field_needs_no_list() -> None:
    sent = farm("send_proxy: {pass: authority, add: unique_id}").send_proxy
    assert sent is not None
    assert (sent.passed, sent.added) == ((tlv.AUTHORITY,), (tlv.UNIQUE_ID,))


def test_every_field_has_its_name() -> None:
    for key, names in (("pass", tlv.PASSED), ("add", tlv.ADDED)):
        sent = farm(f"send_proxy: {{{key}: [{', '.join(names)}]}}").send_proxy
        assert isinstance(sent, SendProxy)
        assert {*sent.passed, *sent.added} == set(names.values())
