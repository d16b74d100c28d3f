"""What names files of certificates in a configuration that is right, or is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.config import ConfigError, load, parse
from bridge.config.problems import Draft
from bridge.config.tls import FrontTls
from bridge.doctor.drafts import secured_by, secured_of

TEXT = """
fronts:
  web: {listen: "[::]:443", to: web, tls: {certificates: [{certificate: a.pem}]}}
  plain: {listen: "[::]:80", to: web}
farms: {web: {servers: [192.0.2.1:443], tls: {ca: ca.pem}}}
"""


def draft(text: str, folder: Path) -> Draft:
    file = folder / "bridge.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    assert caught.value.draft is not None
    return caught.value.draft


def test_what_has_tls_is_found_with_its_place() -> None:
    web, farm = secured_of(parse(TEXT).config)
    assert (web.path, farm.path) == (("fronts", "web", "tls"), ("farms", "web", "tls"))
    ((number, entry),) = web.entries
    assert (number, entry.certificate.name) == (0, "a.pem")


def test_what_is_right_is_found_beside_what_is_wrong(tmp_path: Path) -> None:
    wrong = TEXT.replace("[{cert", "[5, {kye: b.pem, cert").replace(
        "{ca:", "{x: 1, ca:"
    )
    web, farm = secured_by(draft(wrong, tmp_path))
    assert (web.path, farm.path) == (("fronts", "web", "tls"), ("farms", "web", "tls"))
    ((number, entry),) = web.entries
    assert (number, entry.certificate) == (1, tmp_path / "a.pem")
    assert not isinstance(farm.tls, FrontTls) and farm.tls.ca == tmp_path / "ca.pem"


@pytest.mark.parametrize(
    "certificates", ["5", "[]", "[{}]", "[{certificate: 5}]", "[{key: a.key}]"]
)
def test_a_front_without_any_certificate_is_left_out(
    certificates: str, tmp_path: Path
) -> None:
    wrong = TEXT.replace("[{certificate: a.pem}]", certificates)
    assert [each.path[0] for each in secured_by(draft(wrong, tmp_path))] == ["farms"]
