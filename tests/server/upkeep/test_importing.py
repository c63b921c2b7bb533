"""Files that are not as an export wrote them are refused, and nothing of them is stored."""

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from server.ledger.snapshot import known_schema
from server.upkeep import carrying
from server.upkeep.carrying import LINE_BYTES_MAX, TABLES
from server.upkeep.export_file import UnfitFileError
from server.upkeep.importing import import_ledger
from tests.server.support import STREET_1, Town
from tests.server.upkeep.carried import content, rows_of, same

NOT_AS_SEALED = "block 1 .* it is not what was sealed, it or its seal was changed"


@pytest.fixture
def exported(export_once: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "town.jsonl"
    path.write_bytes(export_once)
    return path


Lines = list[dict[str, Any]]


def forged(path: Path, change: Callable[[Lines], None]) -> None:
    """Change its lines, and then counts and hash so that they fit."""
    lines = content(path)[:-1]
    change(lines)
    before = b"".join(carrying.line(line) for line in lines)
    counted = {table.name: len(rows_of(lines, table.name)) for table in TABLES}
    path.write_bytes(before + carrying.trailer(counted, hashlib.sha256(before).hexdigest()))


def refuses(path: Path, target: str, told: str) -> None:
    """The import says why, in one line, and leaves nothing."""
    with pytest.raises(UnfitFileError, match=told) as caught:
        import_ledger(target, path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    town = Town(target)
    with town.database.connection_context():
        tables = town.database.get_tables()
    if tables:
        left = [table.name for table in TABLES if town.rows(f"SELECT * FROM {table.name}")]  # noqa: S608
        assert left == ["program", "counter"], "what migrations made"


CHANGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "is empty"),
    "other text": (lambda _: b"this is a letter\n", "is no export of a ledger"),
    "other JSON": (lambda _: b'{"a": 1}\n', "is no export of a ledger"),
    "UTF-16": (lambda text: text.decode().encode("utf-16"), "is no export of a ledger"),
    "byte order mark": (lambda text: b"\xef\xbb\xbf" + text, "is no export of a ledger"),
    "Shift_JIS": (
        lambda text: text.decode().encode("cp932", errors="replace"),
        "line 2 is not UTF-8",
    ),
    "CR LF": (lambda text: text.replace(b"\n", b"\r\n"), "was changed after it was exported"),
    "version 2": (
        lambda text: text.replace(b'"version":1', b'"version":2', 1),
        "line 1 names version 2 of the format, this program reads 1",
    ),
    "newer schema": (
        lambda text: text.replace(b'"0004_vouchers"', b'"0004_vouchers","0006_more"', 1),
        "was changed after it was exported",
    ),
    "no schema": (
        lambda text: re.sub(rb'"schema":\[[^]]*\]', b'"schema":[]', text, count=1),
        "line 1 names no schema",
    ),
    "header only": (lambda text: text[: text.index(b"\n") + 1], "is the last and no trailer"),
    "cut off after a line": (
        lambda text: b"".join(text.splitlines(keepends=True)[:-1]),
        "is the last and no trailer: the file is cut off",
    ),
    "cut off in a line": (lambda text: text[:-50], "has no end: the file is cut off"),
    "without its first line": (
        lambda text: text[text.index(b"\n") + 1 :],
        "is no export of a ledger",
    ),
    "edited": (
        lambda text: text.replace(b"AAAA1111", b"AAAA1112"),
        "was changed after it was exported",
    ),
    "doubled line": (
        lambda text: b"".join(
            line * (2 if number == 10 else 1)
            for number, line in enumerate(text.splitlines(keepends=True))
        ),
        "was changed after it was exported",
    ),
    "huge line": (
        lambda text: text.replace(b"\n", b"\n" + b"x" * (LINE_BYTES_MAX + 1) + b"\n", 1),
        "line 2 is longer than 16 MiB",
    ),
    "huge line without end": (
        lambda text: text.replace(b"\n", b"\n" + b"x" * LINE_BYTES_MAX, 1),
        "line 2 is longer than 16 MiB",
    ),
    "deep line": (
        lambda text: text + b"[" * 100_000 + b"\n",
        "is no JSON",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_file_that_is_not_as_it_was_exported_is_refused(exported: Path, what: str) -> None:
    change, told = CHANGES[what]
    exported.write_bytes(change(exported.read_bytes()))
    database = exported.with_name("new.db")
    with pytest.raises(UnfitFileError, match=told) as caught:
        import_ledger(f"sqlite:///{database}", exported)
    assert "\n" not in str(caught.value)
    assert str(exported) in str(caught.value)
    assert not database.exists()


Change = Callable[[Lines], None]
Match = Mapping[str, object]


def find(lines: Lines, table: str, match: Match) -> dict[str, Any]:
    """The first line of a table whose row has these values."""
    return next(
        line
        for line in lines
        if line.get("table") == table and line["row"].items() >= match.items()
    )


def set_in(table: str, match: Match, **values: object) -> Change:
    return lambda lines: find(lines, table, match)["row"].update(values)


def drop(table: str, match: Match) -> Change:
    return lambda lines: lines.remove(find(lines, table, match))


def double(table: str, match: Match) -> Change:
    def change(lines: Lines) -> None:
        line = find(lines, table, match)
        lines.insert(lines.index(line), line)

    return change


def swap_accounts(lines: Lines) -> None:
    first = lines.index(find(lines, "account", {}))
    lines[first], lines[first + 1] = lines[first + 1], lines[first]


def without_newest(lines: Lines) -> None:
    """Take away the correction of a redemption, with all its traces."""
    for line in list(lines):
        row = line.get("row", {})
        if row.get("transaction_id") == 14:
            lines.remove(line)


GRANT = {"transaction_id": 1}
LOT_2: Match = {"lot_id": 2}

FORGED_ROWS: dict[str, tuple[Change, tuple[str, Match], int, str]] = {
    "doubled row": (
        double("account", {"account_id": 2}),
        ("account", {"account_id": 2}),
        1,
        "is refused: .*account",
    ),
    "doubled answer": (double("operation", GRANT), ("operation", GRANT), 1, "is refused: "),
    "swapped rows": (swap_accounts, ("account", {}), 0, "is not written as an export writes it"),
    "missing column": (
        lambda lines: find(lines, "place", {"place_id": 2})["row"].pop("name"),
        ("place", {"place_id": 2}),
        0,
        r"has not the columns of place \(name\)",
    ),
    "strange column": (
        set_in("place", {"place_id": 2}, colour="red"),
        ("place", {"place_id": 2}),
        0,
        r"has not the columns of place \(colour\)",
    ),
    "text for a number": (
        set_in("lot", LOT_2, points="300"),
        ("lot", LOT_2),
        0,
        r'\(lot\): points cannot be "300"',
    ),
    "number of 65 bits": (
        set_in("lot", LOT_2, points=2**63),
        ("lot", LOT_2),
        0,
        r"\(lot\): points cannot be 9223372036854775808",
    ),
    "true for a number": (
        set_in("lot", LOT_2, points=True),
        ("lot", LOT_2),
        0,
        r"\(lot\): points cannot be true",
    ),
    "fraction": (
        set_in("lot", LOT_2, points=1.5),
        ("lot", LOT_2),
        0,
        r"\(lot\): points cannot be 1\.5",
    ),
    "number for a text": (
        set_in("place", {"place_id": 2}, name=5),
        ("place", {"place_id": 2}),
        0,
        r"\(place\): name cannot be 5",
    ),
    "two for true": (
        set_in("issuer", {"issuer_id": STREET_1}, is_street=2),
        ("issuer", {"issuer_id": STREET_1}),
        0,
        r"\(issuer\): is_street cannot be 2|is refused: CHECK",
    ),
    "no base64": (
        set_in("merge", {}, content="*"),
        ("merge", {}),
        0,
        r"\(merge\): content is not base64",
    ),
    "nothing where something must be": (
        set_in("ledger_transaction", GRANT, caller=None),
        ("ledger_transaction", GRANT),
        0,
        "is refused: .*caller",
    ),
    "no such day": (
        set_in("lot", LOT_2, last_good_day="2026-02-30"),
        ("lot", LOT_2),
        0,
        "is refused: ",
    ),
    "no such kind": (
        set_in("ledger_transaction", GRANT, kind="GIFT"),
        ("ledger_transaction", GRANT),
        0,
        "is refused: ",
    ),
    "more points than the lot has": (
        set_in("entry", {"transaction_id": 1, "lot_id": 1}, points=501),
        ("entry", {"transaction_id": 1, "lot_id": 1}),
        0,
        "is refused: ",
    ),
    "entries that do not sum to zero": (
        set_in("entry", {"transaction_id": 1, "lot_id": None}, points=-499),
        ("ledger_transaction", GRANT),
        0,
        "is refused: the entries of a transaction sum to zero in each program",
    ),
    "another's lot": (
        set_in("entry", {"transaction_id": 1, "lot_id": 1}, lot_id=2),
        ("entry", {"transaction_id": 1, "lot_id": 2}),
        0,
        "is refused: entries of held points name a lot of their account, others none",
    ),
    "transaction without entries": (
        set_in("ledger_transaction", {"transaction_id": 14}, transaction_id=15),
        ("ledger_transaction", {"transaction_id": 15}),
        0,
        "is refused: a transaction has entries",
    ),
    "missing newest transaction": (
        drop("ledger_transaction", {"transaction_id": 14}),
        ("operation", {"transaction_id": 14}),
        0,
        "is refused: ",
    ),
    "lot's remaining": (
        set_in("lot", LOT_2, remaining=1),
        ("lot", LOT_2),
        0,
        "says remaining 1, but from the other lines follows 286",
    ),
    "hold that is open again": (
        set_in("hold", {"transaction_id": 6}, is_open=1),
        ("hold", {"transaction_id": 6}),
        0,
        "says is_open 1, but from the other lines follows 0",
    ),
    "place that collects nowhere": (
        set_in("place", {"place_id": 2}, collecting_place_id=9),
        ("place", {"place_id": 2}),
        0,
        "is refused: ",
    ),
    "table out of place": (
        lambda lines: lines.append(lines.pop(lines.index(find(lines, "hold", {})))),
        ("hold", {}),
        -1,
        "holds a row of hold, which has no place there",
    ),
    "table that is not carried": (
        lambda lines: lines.insert(5, {"table": "session", "row": {}}),
        ("session", {}),
        0,
        "holds a row of session, which has no place there",
    ),
}


@pytest.mark.parametrize("what", FORGED_ROWS)
def test_a_forged_row_is_refused_and_its_line_named(exported: Path, target: str, what: str) -> None:
    change, (table, match), position, told = FORGED_ROWS[what]
    forged(exported, change)
    numbers = [
        number
        for number, line in enumerate(content(exported), 1)
        if line.get("table") == table and line["row"].items() >= match.items()
    ]
    refuses(exported, target, f": line {numbers[position]} (is refused: )?({told})")


FORGERIES: dict[str, tuple[Change, str]] = {
    "newer schema": (
        lambda lines: lines[0]["schema"].append("0004_more"),
        r"was exported by a newer version \(0004_more\): import it with that one",
    ),
    "older schema": (
        lambda lines: lines[0]["schema"].pop(),
        rf"was exported by an older version \(without {known_schema()[-1]}\)",
    ),
    "no row": (lambda lines: lines.insert(5, {"row": {}}), "line 6 is no row of a table"),
    "row that is no object": (
        lambda lines: lines.insert(5, {"table": "place", "row": []}),
        "line 6 is no row of a table",
    ),
    "missing newest transaction and all traces of it": (
        without_newest,
        "holds a ledger that is wrong: the newest transactions are missing: ID 14",
    ),
    "cancelled cancellation": (
        set_in("ledger_transaction", {"transaction_id": 4}, refers_to=2),
        "is wrong: transaction 2026070100004 cancels a transaction that cannot be cancelled",
    ),
    "subject of a sealed transaction": (
        set_in("ledger_transaction", GRANT, subject="BBBB2222"),
        f"is wrong: {NOT_AS_SEALED}",
    ),
    "answer of a sealed transaction": (
        set_in("operation", GRANT, answer="AAAA"),
        f"is wrong: {NOT_AS_SEALED}",
    ),
    "seal": (set_in("seal", {}, sealed_at=1), f"is wrong: {NOT_AS_SEALED}"),
    "counter": (
        set_in("counter", {"name": "day:2026-07-01"}, next=5),
        "is wrong: the counter 'day:2026-07-01' says that 5 comes next, but 14 is given",
    ),
    "merge": (
        set_in("merge", {}, points=41),
        "is wrong: transaction 2026070100005: the record of its merge is not what was booked",
    ),
}


@pytest.mark.parametrize("what", FORGERIES)
def test_a_forged_ledger_is_refused(exported: Path, target: str, what: str) -> None:
    change, told = FORGERIES[what]
    forged(exported, change)
    refuses(exported, target, told)


def test_a_wrong_count_is_refused(exported: Path, target: str) -> None:
    lines = content(exported)
    lines[-1]["rows"]["lot"] += 1
    exported.write_bytes(b"".join(carrying.line(line) for line in lines))
    refuses(exported, target, f"line {len(lines)} says 3 rows of lot, there are 2")


def test_what_an_engine_cannot_keep_is_refused(exported: Path, target: str) -> None:
    forged(exported, set_in("place", {"place_id": 3}, name="a\0b"))
    if Town(target).is_sqlite:
        import_ledger(target, exported)
    else:
        refuses(exported, target, "is refused: .*NUL")


def test_what_is_refused_leaves_room_for_the_right_file(exported: Path, target: str) -> None:
    right = exported.read_bytes()
    forged(exported, set_in("lot", LOT_2, remaining=1))
    refuses(exported, target, "says remaining 1")
    exported.write_bytes(right)
    import_ledger(target, exported)
    assert same(exported, Town(target))
