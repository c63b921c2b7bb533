"""Files that were changed on the way: refused with a reason, or what was written, never else."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import combinations, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from merge_driver.codec import (
    MergeFileError,
    Reason,
    Record,
    StreetKey,
    decode,
    encode,
    encode_profile_1,
)
from merge_driver.taking import check_days, check_sequences
from tests.merge_driver.samples import FILE_ID, ISSUER_ID, KEY_1, KEY_2, RECORD_A, RECORD_B, put
from tests.merge_driver.street import Street
from tests.merge_driver.vectors import (
    HEADER,
    IV,
    VECTOR_1,
    VECTOR_2,
    line,
    line_1,
    reason_of,
    seal,
    seal_1,
)
from tests.sizes import IS_DEEP

BOTH = (RECORD_A, RECORD_B)
KEY_1_PATTERN = replace(KEY_1, id_pattern="[0-9]{9}|MY[0-9]{6}")
BOTH_PROFILES = [KEY_1, replace(KEY_2, key_id=8)]
COMMA_AND_DIGITS = b",0123456789"
ALL_OF_A_LINE = b",0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-\r\n"
RANDOM_INPUTS = 100_000 if IS_DEEP else 1000


def read(content: bytes, keys: Sequence[StreetKey], today: date) -> tuple[Record, ...] | Reason:
    """Read a file as the driver does: its records, or why it is refused. Nothing else is raised."""
    try:
        decoded = decode(content, keys, ISSUER_ID)
        check_sequences(decoded)
        check_days(decoded, today)
    except MergeFileError as error:
        assert error.message
        return error.reason
    return decoded.records


def changed(content: bytes, *changes: tuple[int, int]) -> bytes:
    """The content with bytes changed by XOR."""
    other = bytearray(content)
    for place, change in changes:
        other[place] ^= change
    return bytes(other)


def of_one_byte(content: bytes) -> Iterator[bytes]:
    for place in range(len(content)):
        for value in range(1, 256):
            yield changed(content, (place, value))


@pytest.mark.parametrize("keys", [[KEY_2], [KEY_2, replace(KEY_1, key_id=8)]])
def test_every_changed_byte_of_profile_2_is_refused(keys: list[StreetKey]) -> None:
    for content in of_one_byte(VECTOR_2):
        assert isinstance(read(content, keys, date(2018, 1, 1)), Reason)


@pytest.mark.parametrize("key", [KEY_1, KEY_1_PATTERN])
def test_no_changed_byte_of_profile_1_makes_a_record_that_was_not_written(key: StreetKey) -> None:
    """One byte is too little for a forgery; a letter of a hash may change its case."""
    found = [read(content, [key], date(2018, 1, 1)) for content in of_one_byte(VECTOR_1)]
    accepted = [records for records in found if not isinstance(records, Reason)]
    assert all(records == BOTH for records in accepted)
    assert len(accepted) < 16


@pytest.mark.parametrize(("content", "key"), [(VECTOR_1, KEY_1), (VECTOR_2, KEY_2)])
def test_every_truncation_is_refused(content: bytes, key: StreetKey) -> None:
    reasons = {read(content[:end], [key], date(2018, 1, 1)) for end in range(len(content))}
    assert reasons <= set(Reason)
    assert {Reason.EMPTY, Reason.TOO_SHORT, Reason.NOT_DECRYPTABLE} <= reasons
    for start in range(1, len(content)):
        assert isinstance(read(content[start:], [key], date(2018, 1, 1)), Reason)
    assert reason_of(lambda: decode(content + b"\0", [key], ISSUER_ID)) is Reason.NOT_DECRYPTABLE


MOVABLE = [
    (Record("123456789", 500, "2017123100001"), "[0-9]{9}", date(2018, 1, 1)),
    (Record("12345555", 5555, "2017123100001"), "[0-9]{8}", date(2018, 1, 1)),
    (Record("22222222", 22222, "2022020200001"), "[0-9]{8}", date(2022, 12, 31)),
    (Record("11111111", 20171, "201712311234567"), "[0-9]{8}", date(2018, 1, 1)),
]
"""IDs and points whose comma two bytes move by one place, or between equal digits by more."""


def of_two_bytes(record: Record) -> Iterator[bytes]:
    """Changes of IV and first block that make commas of what is none, and digits of commas.

    A change of the IV changes the same place of the first 16 characters; one of the first block
    garbles these, and changes the next 16.
    """
    content = encode_profile_1([record], KEY_1, IV)
    fields = f"{record.id},{record.points},{record.transaction_number},".encode().ljust(32, b"0")
    wanted = ALL_OF_A_LINE if IS_DEEP else COMMA_AND_DIGITS
    changes = [[byte ^ other for other in wanted if byte != other] for byte in fields[:32]]
    for first, second in combinations(range(32), 2):
        for one, other in product(changes[first], changes[second]):
            yield changed(content, (first, one), (second, other))


@pytest.mark.parametrize(("record", "id_pattern", "today"), MOVABLE)
def test_no_two_bytes_move_a_comma_past_an_id_pattern(
    record: Record, id_pattern: str, today: date
) -> None:
    """Without a pattern they do: what profile 1 cannot detect. With it, never."""
    key = replace(KEY_1, id_pattern=id_pattern)
    forged: set[Record] = set()
    for content in of_two_bytes(record):
        records = read(content, [KEY_1], today)
        if not isinstance(records, Reason) and records != (record,):
            forged |= set(records)
            assert read(content, [key], today) is Reason.ID_PATTERN
    assert forged
    for one in forged:
        assert (one.id + str(one.points)) == (record.id + str(record.points))
        assert one.transaction_number == record.transaction_number


def with_beginning(content: bytes, known: bytes, wanted: bytes) -> bytes:
    """The content with another IV, so that the first 16 characters are those that are wanted."""
    iv = bytes(a ^ b ^ c for a, b, c in zip(content[:16], known, wanted, strict=True))
    return iv + content[16:]


def moved_comma() -> bytes:
    """The forgery of formats.md: `123456789,500` becomes `12345678,9500` by the IV alone."""
    return with_beginning(VECTOR_1, b"123456789,500,20", b"12345678,9500,20")


def test_profile_1_without_a_pattern_accepts_the_moved_comma() -> None:
    """What profile 1 cannot do, and why its key file must carry an ID pattern."""
    forged = decode(moved_comma(), [KEY_1], ISSUER_ID).records[0]
    assert forged == Record("12345678", 9500, RECORD_A.transaction_number)


def test_profile_1_with_a_pattern_refuses_the_moved_comma() -> None:
    assert decode(VECTOR_1, [KEY_1_PATTERN], ISSUER_ID).records == BOTH
    refused = reason_of(lambda: decode(moved_comma(), [KEY_1_PATTERN], ISSUER_ID))
    assert refused is Reason.ID_PATTERN


MOVED_SECOND = [
    # ID and points as they were written, the day, and how many digits of the points move
    ("12345678", 520171, date(2017, 12, 31), 5),
    ("12345678", 120260, date(2026, 11, 27), 5),
    ("123456", 3201712, date(2017, 12, 31), 6),
    ("123456789", 5202, date(2021, 12, 31), 3),
]


@pytest.mark.parametrize(("customer_id", "points", "day", "moved"), MOVED_SECOND)
def test_the_comma_behind_the_points_moves_where_they_end_in_a_day(
    tmp_path: Path, customer_id: str, points: int, day: date, moved: int
) -> None:
    """The codec accepts it whatever the ID's pattern is; the driver does not."""
    number = f"{day:%Y%m%d}00001"
    key = replace(KEY_1, id_pattern=f"[0-9]{{{len(customer_id)}}}")
    content = encode_profile_1([Record(customer_id, points, number)], key, IV)
    plain = f"{customer_id},{points},{number}"
    before = f"{customer_id},{points}"[:-moved]
    known, wanted = plain[:16], f"{before},{plain[len(before) :].replace(',', '')}"[:16]
    forged = with_beginning(content, known.encode(), wanted.encode())
    (record,) = decode(forged, [key], ISSUER_ID).records
    assert record == Record(customer_id, points // 10**moved, f"{points}"[-moved:] + number)
    street = Street(tmp_path / "street")
    street.keys = [key]
    street.today = date(2026, 11, 28)
    name = f"000002-{record.transaction_number}.mrg"
    put(street.spool, forged, name)
    assert street.refused_for(name) is Reason.TRANSACTION_NUMBER
    put(street.spool, content, f"000002-{number}.mrg")
    assert street.run().records == 1


def digits_like_days() -> st.SearchStrategy[str]:
    parts = st.sampled_from([*"0123456789", "20", "01", "12", "2017", "2026", "201712", "31"])
    return st.lists(parts, min_size=1, max_size=6).map(lambda some: "".join(some)[:10])


@settings(max_examples=RANDOM_INPUTS)
@given(
    digits_like_days().filter(lambda digits: digits[0] != "0"),
    st.dates(date(2017, 8, 1), date(2040, 12, 31)),
    st.integers(1, 9_999_999),
    st.integers(1, 9),
)
def test_no_comma_behind_the_points_moves_past_the_driver(
    points: str, day: date, sequence: int, moved: int
) -> None:
    """In either direction: what is left has no day of the keys', or too long a sequence."""
    number = f"{day:%Y%m%d}{sequence:05d}"
    for digits, other in (
        (points[:-moved], points[-moved:] + number),
        (points + number[:moved], number[moved:]),
    ):
        if other == number or not digits:
            continue
        plain = line_1("12345678", digits, other)
        found = read(seal_1(plain), [KEY_1], date(2040, 12, 31))
        assert isinstance(found, Reason), (points, number, moved)


def test_profile_1_does_not_see_that_records_were_cut_off_at_a_block(tmp_path: Path) -> None:
    """The driver goes by the name alone; the server puts one record into a file."""
    first, second = Record("A-123456789", 500, "2017123100001"), RECORD_B
    content = encode_profile_1([first, second], KEY_1, IV)
    assert len(line_1(first.id, str(first.points), first.transaction_number)) == 64
    assert decode(content[64:], [KEY_1], ISSUER_ID).records == (second,)
    street = Street(tmp_path / "street")
    street.keys = [KEY_1]
    put(street.spool, content[64:], "000002-2017123100001.mrg")
    assert street.refused_for("000002-2017123100001.mrg") is Reason.NAME_DIFFERS


def spoiled(content: bytes) -> st.SearchStrategy[bytes]:
    """Files in which bytes were changed, cut out, doubled or put in, in several places."""
    places = st.integers(0, len(content))
    edits = st.lists(st.tuples(places, places, st.binary(max_size=40)), min_size=1, max_size=4)

    def edited(some: list[tuple[int, int, bytes]]) -> bytes:
        other = content
        for start, end, inserted in some:
            other = other[:start] + inserted + other[end:]
        return other

    return edits.map(edited)


RANDOM = st.one_of(
    st.binary(max_size=300),
    st.tuples(st.sampled_from([b"JPM2", HEADER, VECTOR_1[:32]]), st.binary(max_size=300)).map(
        b"".join
    ),
    spoiled(VECTOR_1),
    spoiled(VECTOR_2),
    spoiled(line("1", "1", "2017123100001") + line("2", "2", "2017123100002")).map(seal),
)


@settings(max_examples=RANDOM_INPUTS)
@given(RANDOM)
def test_random_inputs_are_refused_or_what_was_written(content: bytes) -> None:
    """`seal` encrypts what was spoiled with the right key: there the hash alone protects."""
    written = {*BOTH, Record("1", 1, "2017123100001"), Record("2", 2, "2017123100002")}
    for keys in (BOTH_PROFILES, [KEY_2]):
        found = read(content, keys, date(2018, 1, 1))
        assert isinstance(found, Reason) or set(found) <= written


@settings(max_examples=RANDOM_INPUTS // 3)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=80).map(lambda t: t.encode())))
def test_random_plain_texts_are_refused_and_nothing_else(plain: bytes) -> None:
    good = line("123456789", "500", "2017123100001")
    assert isinstance(read(seal(plain), [KEY_2], date(2018, 1, 1)), Reason)
    assert isinstance(read(seal(good + plain + b",,,\r\n"), [KEY_2], date(2018, 1, 1)), Reason)


@settings(max_examples=5 if not IS_DEEP else 100)
@given(contents=st.lists(RANDOM, min_size=20, max_size=20), data=st.data())
def test_random_files_go_to_quarantine_with_a_reason(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes], data: st.DataObject
) -> None:
    """The driver goes on: a good file behind them is taken."""
    street = Street(tmp_path_factory.mktemp("street") / "street")
    street.keys = BOTH_PROFILES
    for number, content in enumerate(contents):
        (street.spool / f"000002-20171230{number:05d}.mrg").write_bytes(content)
    good = encode([RECORD_A], BOTH_PROFILES[1], FILE_ID, IV)
    (street.spool / "000002-2017123100001.mrg").write_bytes(good)
    report = street.run()
    assert (report.quarantined, report.done, report.records) == (len(contents), 1, 1)
    for number in range(len(contents)):
        name = f"000002-20171230{number:05d}.mrg"
        told = (street.spool / "quarantine" / f"{name}.reason.txt").read_text("utf-8")
        assert told.partition(": ")[0] in set(Reason)
        assert told.count("\n") == 1
    assert [one["id"] for one in street.lines()] == [RECORD_A.id]
