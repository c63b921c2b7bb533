import hmac
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merge_driver import codec
from merge_driver.codec import (
    IdKind,
    Profile,
    Reason,
    Record,
    StreetKey,
    check_record,
    decode,
    encode,
    encode_profile_1,
    encode_profile_2,
    file_name,
    parse_file_name,
)
from tests.merge_driver.samples import (
    FILE_ID,
    ISSUER_ID,
    KEY_1,
    KEY_2,
    KEY_BYTES,
    RECORD_A,
    RECORD_B,
    SECRET,
)
from tests.merge_driver.vectors import IV, NONCE, VECTOR_1, VECTOR_2, line, reason_of, seal


def refusal(plain: bytes, key: StreetKey = KEY_2) -> Reason:
    return reason_of(lambda: decode(seal(plain), [key], ISSUER_ID))


GOOD_LINE = line("123456789", "500", "2017123100001")
OTHER_LINE = line("123456789", "500", "2017123100002")


def test_vector_of_profile_1_in_both_directions() -> None:
    decoded = decode(VECTOR_1, [KEY_1], ISSUER_ID)
    assert decoded == codec.Decoded(Profile.CBC_MD5, 7, None, (RECORD_A, RECORD_B))
    assert encode_profile_1(decoded.records, KEY_1, IV) == VECTOR_1
    assert encode(decoded.records, KEY_1, FILE_ID, IV) == VECTOR_1


def test_vector_of_profile_2_in_both_directions() -> None:
    decoded = decode(VECTOR_2, [KEY_2], ISSUER_ID)
    assert decoded == codec.Decoded(Profile.GCM_HMAC, 7, FILE_ID, (RECORD_A, RECORD_B))
    assert encode_profile_2(decoded.records, KEY_2, FILE_ID, NONCE) == VECTOR_2
    assert encode(decoded.records, KEY_2, FILE_ID, NONCE + b"rest") == VECTOR_2


@pytest.mark.parametrize(
    ("plain", "reason"),
    [
        (b"", Reason.NO_RECORDS),
        (b"\r\n", Reason.EMPTY_LINE),
        (b"\xef\xbb\xbf" + GOOD_LINE, Reason.BYTE_ORDER_MARK),
        (GOOD_LINE[:-2], Reason.LINE_ENDING),
        (GOOD_LINE[:-2] + b"\n", Reason.LINE_ENDING),
        (GOOD_LINE[:-2] + b"\r", Reason.LINE_ENDING),
        (GOOD_LINE[:-2] + b"\n" + OTHER_LINE, Reason.LINE_ENDING),
        (GOOD_LINE[:-2] + b"\r" + OTHER_LINE, Reason.LINE_ENDING),
        (GOOD_LINE[:-2] + b"\n\r\n", Reason.LINE_ENDING),
        (GOOD_LINE + b"\r\n", Reason.EMPTY_LINE),
        (b"\r\n" + GOOD_LINE, Reason.EMPTY_LINE),
        (GOOD_LINE[:-2] + "\u2028".encode() + OTHER_LINE, Reason.FIELDS),
        (GOOD_LINE[:-2] + b"\x0b" + OTHER_LINE, Reason.FIELDS),
        (GOOD_LINE[:-2] + b"\0\r\n", Reason.HASH),
        (GOOD_LINE[:-2] + b",\r\n", Reason.FIELDS),
        (GOOD_LINE[:-2] + b" \r\n", Reason.HASH),
        (b"123456789,500,2017123100001\r\n", Reason.FIELDS),
        (b"123456789\xff,500,2017123100001,0\r\n", Reason.NOT_UTF8),
        (GOOD_LINE + GOOD_LINE, Reason.DUPLICATE_IN_FILE),
        (GOOD_LINE + line("9", "1", "2017123100001"), Reason.DUPLICATE_IN_FILE),
    ],
)
def test_a_plain_text_of_another_form_is_refused(plain: bytes, reason: Reason) -> None:
    assert refusal(plain) is reason


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (("", "500", "2017123100001"), Reason.ID),
        (("1" * 33, "500", "2017123100001"), Reason.ID),
        (("12 34", "500", "2017123100001"), Reason.ID),
        (("１２３", "500", "2017123100001"), Reason.ID),
        (("1_2", "500", "2017123100001"), Reason.ID),
        (("1\x00", "500", "2017123100001"), Reason.ID),
        (("1", "", "2017123100001"), Reason.POINTS),
        (("1", "0", "2017123100001"), Reason.POINTS),
        (("1", "-5", "2017123100001"), Reason.POINTS),
        (("1", "+5", "2017123100001"), Reason.POINTS),
        (("1", " 5", "2017123100001"), Reason.POINTS),
        (("1", "0500", "2017123100001"), Reason.POINTS),
        (("1", "1_000", "2017123100001"), Reason.POINTS),
        (("1", "５００", "2017123100001"), Reason.POINTS),
        (("1", "٥٠٠", "2017123100001"), Reason.POINTS),
        (("1", "1²", "2017123100001"), Reason.POINTS),
        (("1", "10000000000", "2017123100001"), Reason.POINTS),
        (("1", "1.0", "2017123100001"), Reason.POINTS),
        (("1", "500", "201712310001"), Reason.TRANSACTION_NUMBER),
        (("1", "500", "20171231000001"), Reason.TRANSACTION_NUMBER),
        (("1", "500", "201712311234567890123"), Reason.TRANSACTION_NUMBER),
        (("1", "500", "2017023000001"), Reason.TRANSACTION_NUMBER),
        (("1", "500", "2017130100001"), Reason.TRANSACTION_NUMBER),
        (("1", "500", "0000010100001"), Reason.TRANSACTION_NUMBER),
        (("1", "500", "２０１７123100001"), Reason.TRANSACTION_NUMBER),
        (("1", "500", "2017123100001 "), Reason.TRANSACTION_NUMBER),
    ],
)
def test_a_field_of_another_form_is_refused(fields: tuple[str, str, str], reason: Reason) -> None:
    """The hash is right in each, so the form alone is what refuses it."""
    assert refusal(GOOD_LINE.replace(b"00001,", b"00009,")) is Reason.HASH
    assert refusal(line(*fields)) is reason
    assert refusal(OTHER_LINE + line(*fields)) is reason


@pytest.mark.parametrize(
    "fields",
    [
        ("1" * 32, "1", "2017080100001"),
        ("aZ-09", "9999999999", "20171231123456789012"),
        ("1", "10", "2017123199999"),
    ],
)
def test_the_limits_themselves_are_accepted(fields: tuple[str, str, str]) -> None:
    decoded = decode(seal(line(*fields)), [KEY_2], ISSUER_ID)
    assert decoded.records == (Record(fields[0], int(fields[1]), fields[2]),)


@pytest.mark.parametrize(
    "digest",
    [
        hmac.new(b"another-secret-string", b"1,5,2017123100001", "sha256").hexdigest(),
        hmac.new(SECRET.encode(), b"152017123100001", "sha256").hexdigest(),
        hmac.new(SECRET.encode(), b"1,5,2017123100001", "sha256").hexdigest().upper(),
        hmac.new(SECRET.encode(), b"1,5,2017123100001", "sha256").hexdigest()[:-1],
        "",
    ],
)
def test_another_hash_is_refused_in_profile_2(digest: str) -> None:
    assert refusal(f"1,5,2017123100001,{digest}\r\n".encode()) is Reason.HASH


def test_another_hash_is_refused_in_profile_1() -> None:
    content = encode([RECORD_A], replace(KEY_1, secret="another-secret-string"), b"", IV)
    assert reason_of(lambda: decode(content, [KEY_1], ISSUER_ID)) is Reason.HASH


def test_mykey_ids_have_their_own_form() -> None:
    key = replace(KEY_2, id_kind=IdKind.MYKEY)
    good = line("AB12CD34", "1", "2017123100001")
    assert decode(seal(good), [key], ISSUER_ID).records[0].id == "AB12CD34"
    for bad in ("ab12cd34", "AB12CD3", "AB12CD345", "AB12-D34"):
        assert refusal(line(bad, "1", "2017123100001"), key) is Reason.ID


def test_too_many_records_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "RECORDS_MAX", 1)
    assert refusal(GOOD_LINE + OTHER_LINE) is Reason.TOO_MANY_RECORDS
    two = [RECORD_A, RECORD_B]
    assert reason_of(lambda: encode(two, KEY_2, FILE_ID, IV)) is Reason.TOO_MANY_RECORDS
    assert decode(seal(GOOD_LINE), [KEY_2], ISSUER_ID).records == (RECORD_A,)


def test_a_file_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "FILE_BYTES_MAX", len(VECTOR_2) - 1)
    assert reason_of(lambda: decode(VECTOR_2, [KEY_2], ISSUER_ID)) is Reason.TOO_LARGE


def test_a_profile_without_a_key_is_refused() -> None:
    assert reason_of(lambda: decode(VECTOR_1, [KEY_2], ISSUER_ID)) is Reason.WRONG_PROFILE
    assert reason_of(lambda: decode(VECTOR_2, [KEY_1], ISSUER_ID)) is Reason.WRONG_PROFILE


def test_an_iv_that_looks_like_profile_2_is_read_all_the_same() -> None:
    content = encode_profile_1([RECORD_A], KEY_1, b"JPM2" + bytes(12))
    assert decode(content, [KEY_1], ISSUER_ID).records == (RECORD_A,)
    both = [KEY_1, replace(KEY_2, key_id=8)]
    assert decode(content, both, ISSUER_ID).profile is Profile.CBC_MD5


def test_another_issuer_and_another_key_are_refused() -> None:
    other = replace(KEY_2, issuer_id="000003")
    assert reason_of(lambda: decode(VECTOR_2, [other], "000003")) is Reason.WRONG_ISSUER
    assert reason_of(lambda: decode(VECTOR_2, [other], ISSUER_ID)) is Reason.KEY_UNKNOWN
    unknown = replace(KEY_2, key_id=8)
    assert reason_of(lambda: decode(VECTOR_2, [unknown], ISSUER_ID)) is Reason.KEY_UNKNOWN
    wrong = replace(KEY_2, key=bytes(16))
    assert reason_of(lambda: decode(VECTOR_2, [wrong], ISSUER_ID)) is Reason.NOT_DECRYPTABLE
    wrong_1 = replace(KEY_1, key=bytes(16))
    assert reason_of(lambda: decode(VECTOR_1, [wrong_1], ISSUER_ID)) is Reason.NOT_DECRYPTABLE


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize(
    ("valid_from", "valid_until", "accepted"),
    [
        (date(2017, 12, 31), date(2017, 12, 31), True),
        (date(2017, 8, 1), None, True),
        (date(2018, 1, 1), None, False),
        (date(2017, 8, 1), date(2017, 12, 30), False),
    ],
)
def test_the_keys_days_are_compared_with_the_records_day(
    profile: Profile, valid_from: date, valid_until: date | None, accepted: bool
) -> None:
    sender = replace(KEY_2, profile=profile)
    reader = replace(sender, valid_from=valid_from, valid_until=valid_until)
    content = encode([RECORD_A], sender, FILE_ID, IV)
    if accepted:
        assert decode(content, [reader], ISSUER_ID).records == (RECORD_A,)
    else:
        assert reason_of(lambda: decode(content, [reader], ISSUER_ID)) is Reason.KEY_NOT_VALID_THEN


def test_profile_1_tries_all_keys_of_the_day_newest_first() -> None:
    older = replace(KEY_1, key_id=1, valid_from=date(2017, 1, 1))
    newer = replace(KEY_1, key_id=2, valid_from=date(2017, 9, 1))
    stranger = replace(KEY_1, key_id=3, key=bytes(16), valid_from=date(2017, 10, 1))
    assert decode(VECTOR_1, [older, newer, stranger], ISSUER_ID).key_id == 2
    not_yet = replace(newer, valid_from=date(2018, 1, 1))
    assert decode(VECTOR_1, [not_yet, older, stranger], ISSUER_ID).key_id == 1
    assert (
        reason_of(lambda: decode(VECTOR_1, [stranger, not_yet], ISSUER_ID))
        is Reason.KEY_NOT_VALID_THEN
    )


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([], Reason.NO_RECORDS),
        ([RECORD_A, RECORD_A], Reason.DUPLICATE_IN_FILE),
        ([Record("a,b", 1, "2017123100001")], Reason.ID),
        ([Record("1", 0, "2017123100001")], Reason.POINTS),
        ([Record("1", 10_000_000_000, "2017123100001")], Reason.POINTS),
        ([Record("1", 1, "2017123200001")], Reason.TRANSACTION_NUMBER),
        ([Record("1", 1, "2017073100001")], Reason.KEY_NOT_VALID_THEN),
        ([Record("12345678", 1, "2017123100001")], Reason.ID_PATTERN),
    ],
)
def test_the_writer_refuses_what_the_reader_would(records: list[Record], reason: Reason) -> None:
    key = replace(KEY_2, id_pattern="[0-9]{9}|1|a,b")
    assert reason_of(lambda: encode(records, key, FILE_ID, IV)) is reason


def test_the_writer_refuses_wrong_lengths_and_the_other_profile() -> None:
    with pytest.raises(ValueError, match="file_id is not 16"):
        encode([RECORD_A], KEY_2, FILE_ID[:-1], IV)
    with pytest.raises(ValueError, match="nonce_16 is not 16"):
        encode([RECORD_A], KEY_2, FILE_ID, IV[:-1])
    with pytest.raises(ValueError, match="iv is not 16"):
        encode_profile_1([RECORD_A], KEY_1, NONCE)
    with pytest.raises(ValueError, match="nonce is not 12"):
        encode_profile_2([RECORD_A], KEY_2, FILE_ID, IV)
    assert reason_of(lambda: encode_profile_1([RECORD_A], KEY_2, IV)) is Reason.WRONG_PROFILE


def test_check_record_refuses_by_itself() -> None:
    check_record(RECORD_A, IdKind.STREET)
    assert reason_of(lambda: check_record(RECORD_A, IdKind.MYKEY)) is Reason.ID


def test_a_key_shows_neither_itself_nor_its_secret() -> None:
    for shown in (repr(KEY_1), str(KEY_1)):
        assert SECRET not in shown
        assert repr(KEY_BYTES) not in shown
        assert KEY_BYTES.hex() not in shown
        assert "000002" in shown


@pytest.mark.parametrize(
    "change",
    [
        {"issuer_id": "２２２２２２"},
        {"issuer_id": "00002"},
        {"key_id": -1},
        {"key_id": 2**32},
        {"key": bytes(15)},
        {"secret": "short"},
        {"secret": "x" * 65},
        {"secret": "himitsu-no-mojiretsu-０１"},
        {"id_pattern": "["},
        {"valid_until": date(2017, 7, 31)},
    ],
)
def test_a_key_of_another_form_is_no_key(change: dict[str, str | int | bytes | date]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        replace(KEY_2, **change)  # type: ignore[arg-type]


def test_file_names() -> None:
    assert file_name("000002", "2017123100001") == "000002-2017123100001.mrg"
    assert parse_file_name("000002-2017123100001.mrg") == ("000002", "2017123100001")
    assert parse_file_name("000002-2017123100001.MRG") == ("000002", "2017123100001")
    for name in (
        "000002-2017123100001.mrg\n",
        "０00002-2017123100001.mrg",
        "000002-201712310001.mrg",
        "000002-201712310000112345678.mrg",
        ".000002-2017123100001.mrg",
        "000002-2017123100001.MRX",
        "00002-2017123100001.mrg",
        "x000002-2017123100001.mrg",
    ):
        assert parse_file_name(name) is None
    with pytest.raises(ValueError, match="no name"):
        file_name("2", "2017123100001")


def numbers() -> st.SearchStrategy[str]:
    days = st.dates(date(2017, 8, 1), date(2099, 12, 31))
    return st.tuples(days, st.integers(0, 10**12 - 1)).map(
        lambda pair: f"{pair[0]:%Y%m%d}{pair[1]:05d}"
    )


def records() -> st.SearchStrategy[list[Record]]:
    ids = st.from_regex(r"[0-9A-Za-z-]{1,32}", fullmatch=True)
    record = st.builds(Record, ids, st.integers(1, 9_999_999_999), numbers())
    return st.lists(record, min_size=1, max_size=20, unique_by=lambda r: r.transaction_number)


@given(records(), st.sampled_from([KEY_1, KEY_2]), st.binary(min_size=16, max_size=16))
def test_whatever_is_written_is_read(some: list[Record], key: StreetKey, nonce: bytes) -> None:
    content = encode(some, key, FILE_ID, nonce)
    decoded = decode(content, [key], ISSUER_ID)
    assert decoded.records == tuple(some)
    assert decoded.profile is key.profile
