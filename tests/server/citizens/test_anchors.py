"""Reading the authorities that are trusted."""

from datetime import timedelta
from pathlib import Path

import pytest

from server.citizens.anchors import POLICY, TEST_POLICY, UnusableAnchorError, read_anchors
from tests.server.citizens.authorities import NOW, Authorities, pem


def test_a_file_holds_several(tmp_path: Path, authorities: Authorities) -> None:
    path = tmp_path / "authorities.pem"
    both = authorities.authority.certificate, authorities.same_name.certificate
    path.write_bytes(pem(*both))
    found = read_anchors(path, NOW, is_test=True)
    assert [one.certificate for one in found] == list(both)
    assert {one.policy for one in found} == {TEST_POLICY}
    assert {one.policy for one in read_anchors(path, NOW, is_test=False)} == {POLICY}


def test_files_that_cannot_be_used(tmp_path: Path, authorities: Authorities) -> None:
    path = tmp_path / "authorities.pem"
    authority = authorities.authority.certificate
    damaged = pem(authority).replace(b"M", b"N", 3)
    unfit = {
        b"": "holds no certificate",
        b"x" * 100: "holds no certificate",
        damaged: "holds no certificate",
        pem(authority, authorities.certificate()): "is no certification authority",
    }
    for content, told in unfit.items():
        path.write_bytes(content)
        with pytest.raises(UnusableAnchorError, match=told) as caught:
            read_anchors(path, NOW, is_test=True)
        assert str(caught.value).startswith(str(path))
    with pytest.raises(UnusableAnchorError, match="No such file"):
        read_anchors(tmp_path / "none.pem", NOW, is_test=True)
    path.write_bytes(pem(authority))
    late = authority.not_valid_after_utc + timedelta(seconds=1)
    with pytest.raises(UnusableAnchorError, match="has expired on 2036-"):
        read_anchors(path, late, is_test=True)
