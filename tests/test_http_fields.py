"""Fields that mean something to a gateway."""

from bridge.filters import http_fields
from bridge.filters.http_settings import HeaderChanges, HttpSettings


def test_names_are_in_lower_case_as_they_are_compared() -> None:
    for name in (*http_fields.HOP, *http_fields.KEPT, *http_fields.X_FORWARDED):
        assert name == name.lower()


def test_what_a_message_needs_is_not_for_one_hop() -> None:
    assert not http_fields.HOP & http_fields.KEPT
    assert http_fields.LENGTHS <= http_fields.KEPT


def test_what_does_not_stay_in_a_head_is_by_its_settings() -> None:
    changes = HeaderChanges(remove=["Cookie"])
    settings = HttpSettings(
        forwarded="append", x_forwarded="off", request_headers=changes
    )
    assert settings.ours == {b"cookie", http_fields.FORWARDED}
    assert settings.request_gone == http_fields.HOP | settings.ours
    assert settings.response_gone == http_fields.HOP
    assert HttpSettings().ours == http_fields.X_FORWARDED
