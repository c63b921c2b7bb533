"""The lines of records, written and read back."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merge_driver.outputs.forms import Csv, JsonLines, LineForm
from merge_driver.record import TakenRecord

RECORD = TakenRecord("000002", "123456789", 500, "2017123100001", "000002-2017123100001.mrg")
JSON_LINE = JsonLines().line(RECORD).encode("ascii")
CSV_LINE = Csv("utf-8").line(RECORD).encode("ascii")
FORMS: list[LineForm] = [JsonLines(), Csv("utf-8"), Csv("shift_jis")]

records = st.builds(
    TakenRecord,
    st.from_regex(r"[0-9]{6}", fullmatch=True),
    st.from_regex(r"[0-9A-Za-z-]{1,32}", fullmatch=True),
    st.integers(1, 9_999_999_999),
    st.from_regex(r"20171231[0-9]{5}", fullmatch=True),
    st.just("000002-2017123100001.mrg"),
)


@given(records, st.sampled_from(FORMS))
def test_a_line_is_read_as_it_was_written(record: TakenRecord, form: LineForm) -> None:
    assert form.parse(form.line(record).encode("ascii")) == record


def test_json_lines_are_as_the_page_says() -> None:
    assert JsonLines().line(RECORD) == (
        '{"issuer_id": "000002", "id": "123456789", "points": 500, '
        '"transaction_number": "2017123100001", "file": "000002-2017123100001.mrg"}\n'
    )


@pytest.mark.parametrize("encoding", ["utf-8", "shift_jis"])
def test_csv_is_read_by_any_csv_reader(encoding: str) -> None:
    form = Csv(encoding)
    text = form.header.decode(encoding) + form.line(RECORD)
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["ID付与事業者ID", "商店街ポイントID", "合算ポイント数", "取引済番号", "ファイル"],
        ["000002", "123456789", "500", "2017123100001", "000002-2017123100001.mrg"],
    ]
    assert text.count("\r\n") == 2


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"{}\n",
        b"[]\n",
        b"\x00" * 40 + b"\n",
        JSON_LINE[:-20] + b"\n",
        JSON_LINE.replace(b"500", b'"500"'),
        JSON_LINE.replace(b"500", b"true"),
        JSON_LINE.replace(b"500", b"0"),
        JSON_LINE.replace(b"20171231", b"20171331"),
        json.dumps({"id": "1"}).encode() + b"\n",
        CSV_LINE,
        b"\xff\n",
    ],
)
def test_what_is_no_json_line_is_no_record(line: bytes) -> None:
    with pytest.raises(ValueError):
        JsonLines().parse(line)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\r\n",
        CSV_LINE.replace(b"\r", b""),
        CSV_LINE.replace(b"500", b"0500"),
        CSV_LINE.replace(b"500", b" 500"),
        CSV_LINE.replace(b",000002-", b",,000002-"),
        JSON_LINE,
        "取引済番号\r\n".encode(),
    ],
)
def test_what_is_no_csv_line_is_no_record(line: bytes) -> None:
    with pytest.raises(ValueError):
        Csv("utf-8").parse(line)
