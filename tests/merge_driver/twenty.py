"""Twenty merge files of every kind, and what must become of them."""

from dataclasses import replace
from pathlib import Path

from merge_driver.codec import Record, encode
from tests.merge_driver.samples import FILE_ID, ISSUER_ID, KEY_2, put

SINGLE = [Record(f"A-{n}", 10 * n, f"20171231{n:05d}") for n in range(1, 12)]
SEVERAL = [Record("B-12", n, f"20171231{n:05d}") for n in range(12, 17)]
OVERLAPPING = Record("C-17", 17, "2017123100017")

DONE = [*(f"{n:05d}" for n in range(1, 13)), "00017"]
DUPLICATE = ["00014", "00015"]
QUARANTINE = {
    "000002-2017123100016.mrg": "OTHER_CONTENT",
    "000002-2017123100020.mrg": "EMPTY",
    "000002-2017123100021.mrg": "NOT_DECRYPTABLE",
    "000002-2017123100022.mrg": "KEY_UNKNOWN",
    "x.mrg": "NAME",
}

HANDED_ON = [
    *((record, f"000002-{record.transaction_number}.mrg") for record in SINGLE),
    *((record, "000002-2017123100012.mrg") for record in SEVERAL),
    (OVERLAPPING, "000002-2017123100017.mrg"),
]
"""Each record that is to be handed on once, in the order of the files, with its file."""

JSON_LINES = [
    f'{{"issuer_id": "{ISSUER_ID}", "id": "{record.id}", "points": {record.points}, '
    f'"transaction_number": "{record.transaction_number}", "file": "{file}"}}\n'
    for record, file in HANDED_ON
]
CSV_LINES = [
    "ID付与事業者ID,商店街ポイントID,合算ポイント数,取引済番号,ファイル\r\n",
    *(
        f"{ISSUER_ID},{record.id},{record.points},{record.transaction_number},{file}\r\n"
        for record, file in HANDED_ON
    ),
]


def merge_name(sequence: str) -> str:
    return f"{ISSUER_ID}-20171231{sequence}.mrg"


def put_twenty(spool: Path) -> None:
    """Put them, always with the same bytes."""
    for record in SINGLE:
        _put(spool, [record])
    _put(spool, SEVERAL)
    _put(spool, [OVERLAPPING, SINGLE[0]])
    _put(spool, [SEVERAL[2]])
    _put(spool, [SEVERAL[3], SEVERAL[4], SINGLE[1]])
    _put(spool, [SEVERAL[4]._replace(points=999)])
    put(spool, b"", merge_name("00020"))
    put(spool, _content([Record("D", 1, "2017123100021")])[:-1], merge_name("00021"))
    put(spool, _content([Record("D", 1, "2017123100022")], 8), merge_name("00022"))
    put(spool, _content([SINGLE[0]]), "x.mrg")
    assert len(list(spool.glob("*.mrg"))) == 20


def _put(spool: Path, records: list[Record]) -> None:
    put(spool, _content(records), f"{ISSUER_ID}-{records[0].transaction_number}.mrg")


def _content(records: list[Record], key_id: int = 7) -> bytes:
    nonce = records[0].transaction_number.encode().rjust(16, b"n")
    return encode(records, replace(KEY_2, key_id=key_id), FILE_ID, nonce)
