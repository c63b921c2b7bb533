import json
import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from merge_driver.codec import Profile, StreetKey
from merge_driver.keys import KeyFile, KeyFileError, dump_key_file, load_key_file, load_keys
from tests.merge_driver.samples import KEY_1, KEY_2, write_key_file

KEY_1_WITH_PATTERN = replace(KEY_1, id_pattern="[0-9]{9}", valid_until=date(2017, 12, 31))


def write_json(path: Path, fields: dict[str, object]) -> Path:
    path.write_text(json.dumps(fields), "utf-8")
    path.chmod(0o600)
    return path


def fields_of_a_key() -> dict[str, object]:
    fields: dict[str, object] = json.loads(dump_key_file(KEY_2, "points.example:50051", "s3cret"))
    return fields


@pytest.mark.parametrize("key", [KEY_2, KEY_1_WITH_PATTERN])
def test_a_key_file_is_read_as_it_was_written(tmp_path: Path, key: StreetKey) -> None:
    file = load_key_file(write_key_file(tmp_path / "7.json", key))
    assert file == KeyFile(key, "points.example:50051", "client-secret-1")


def test_the_text_is_that_of_the_formats_page() -> None:
    assert fields_of_a_key() == {
        "format": "jichipoint-merge-key",
        "version": 1,
        "issuer_id": "000002",
        "profile": 2,
        "key_id": 7,
        "key": "000102030405060708090a0b0c0d0e0f",
        "secret": "himitsu-no-mojiretsu-01",
        "id_kind": "STREET",
        "id_pattern": "",
        "server": "points.example:50051",
        "client_secret": "s3cret",
        "valid_from": "2017-08-01",
        "valid_until": None,
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": "other"}, "not a merge key file"),
        ({"version": 2}, "version 2"),
        ({"version": True}, "version is not a whole number"),
        ({"extra": 1}, "unknown field 'extra'"),
        ({"profile": 3}, "profile 3 is not known"),
        ({"profile": "2"}, "profile is not a whole number"),
        ({"profile": 1}, "profile 1 needs an id_pattern"),
        ({"key_id": 2**32}, "key_id"),
        ({"key_id": 7.0}, "key_id"),
        ({"key": "00 " * 16}, "32 hex digits"),
        ({"key": "0" * 31}, "32 hex digits"),
        ({"key": "g" * 32}, "32 hex digits"),
        ({"key": None}, "key is not a text"),
        ({"secret": "short"}, "secret"),
        ({"secret": "日本語日本語日本語日本語日本語日本"}, "secret"),
        ({"id_kind": "CARD"}, "id_kind"),
        ({"id_pattern": "["}, "id_pattern is not a regular expression"),
        ({"issuer_id": "2"}, "issuer_id"),
        ({"server": 5}, "server is not a text"),
        ({"client_secret": None}, "client_secret is not a text"),
        ({"valid_from": "20170801"}, "valid_from"),
        ({"valid_from": "2017-02-30"}, "no day of the calendar"),
        ({"valid_from": None}, "valid_from"),
        ({"valid_until": "2016-01-01"}, "valid_until is before"),
    ],
)
def test_a_bad_field_is_refused(tmp_path: Path, change: dict[str, object], says: str) -> None:
    path = write_json(tmp_path / "7.json", fields_of_a_key() | change)
    with pytest.raises(KeyFileError, match=says) as caught:
        load_key_file(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(fields_of_a_key().keys() - {"format", "version"}))
def test_a_missing_field_is_refused(tmp_path: Path, name: str) -> None:
    fields = fields_of_a_key()
    del fields[name]
    with pytest.raises(KeyFileError, match=f"{name} is missing"):
        load_key_file(write_json(tmp_path / "7.json", fields))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[" * 10_000, "not JSON"),
        (b"[]", "not a merge key file"),
        (b'{"key": 1, "key": 2}', "twice"),
        (b"\xff\xfe", "utf-8"),
        (b" " * 100_000, "too large"),
    ],
)
def test_what_is_no_key_file_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "7.json"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=says):
        load_key_file(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o644])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = write_key_file(tmp_path / "7.json")
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_key_file(path)
    path.chmod(0o400)
    assert load_key_file(path).key == KEY_2


def test_a_folder_or_a_pipe_is_no_key_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json", 0o600)
    (tmp_path / "folder.json").mkdir(mode=0o700)
    for name in ("pipe.json", "folder.json"):
        with pytest.raises(KeyFileError, match="not a file"):
            load_key_file(tmp_path / name)
    with pytest.raises(KeyFileError, match="cannot be read"):
        load_key_file(tmp_path / "missing.json")


def test_a_folder_gives_its_keys_by_name(tmp_path: Path) -> None:
    write_key_file(tmp_path / "b.json", KEY_2)
    write_key_file(tmp_path / "a.json", replace(KEY_1_WITH_PATTERN, key_id=6))
    (tmp_path / ".hidden.json").write_text("x")
    (tmp_path / "readme.txt").write_text("x")
    keys = load_keys(tmp_path)
    assert [(key.key_id, key.profile) for key in keys] == [
        (6, Profile.CBC_MD5),
        (7, Profile.GCM_HMAC),
    ]


def test_a_folder_without_keys_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="no key file"):
        load_keys(tmp_path)
    with pytest.raises(KeyFileError, match="cannot be read"):
        load_keys(tmp_path / "missing")


def test_keys_of_two_issuers_are_refused(tmp_path: Path) -> None:
    write_key_file(tmp_path / "a.json", KEY_2)
    write_key_file(tmp_path / "b.json", replace(KEY_2, issuer_id="000003", key_id=8))
    with pytest.raises(KeyFileError, match="one keys folder for each issuer"):
        load_keys(tmp_path)


def test_one_key_id_twice_is_refused(tmp_path: Path) -> None:
    write_key_file(tmp_path / "a.json", KEY_2)
    write_key_file(tmp_path / "b.json", KEY_2)
    with pytest.raises(KeyFileError, match=r"key ID 7 is in .*a\.json too"):
        load_keys(tmp_path)


def test_what_is_no_key_is_told_before_who_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "7.json"
    path.write_text("{}")
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="not a merge key file"):
        load_key_file(path)


def test_a_key_file_s_ending_may_be_in_capitals(tmp_path: Path) -> None:
    write_key_file(tmp_path / "7.JSON")
    assert load_keys(tmp_path) == [KEY_2]
