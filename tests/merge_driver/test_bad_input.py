"""Bad input of every kind, given to the real command: quarantine, one reason, and the next file."""

import json
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from merge_driver.codec import FILE_BYTES_MAX, Record, encode
from merge_driver.driver import tokyo_today
from tests.merge_driver.place import NAME_A, Place
from tests.merge_driver.samples import FILE_ID, KEY_1, KEY_2, RECORD_A, put_records
from tests.merge_driver.vectors import line, seal

GOOD = Record("G-1", 1, "2017123199999")
NONCE = bytes(16)
CONTENT = encode([RECORD_A], KEY_2, FILE_ID, NONCE)
LATER = f"{tokyo_today() + timedelta(3):%Y%m%d}00001"
NO_ROOM = "x" * 251 + ".mrg"


def sealed(customer_id: str, points: str, number: str) -> bytes:
    return seal(line(customer_id, points, number))


CONTENTS = {
    "empty": (b"", "EMPTY"),
    "one byte": (b"J", "WRONG_PROFILE"),
    "short": (CONTENT[:40], "TOO_SHORT"),
    "cut off": (CONTENT[:-1], "NOT_DECRYPTABLE"),
    "longer": (CONTENT + b"\0", "NOT_DECRYPTABLE"),
    "twice": (CONTENT * 2, "NOT_DECRYPTABLE"),
    "changed in the middle": (CONTENT[:60] + b"\0" + CONTENT[61:], "NOT_DECRYPTABLE"),
    "wrong key": (
        encode([RECORD_A], replace(KEY_2, key=bytes(16)), FILE_ID, NONCE),
        "NOT_DECRYPTABLE",
    ),
    "wrong secret": (
        encode([RECORD_A], replace(KEY_2, secret="another-secret-string"), FILE_ID, NONCE),
        "HASH",
    ),
    "unknown key": (encode([RECORD_A], replace(KEY_2, key_id=8), FILE_ID, NONCE), "KEY_UNKNOWN"),
    "wrong profile": (encode([RECORD_A], KEY_1, FILE_ID, NONCE), "WRONG_PROFILE"),
    "wrong street": (
        encode([RECORD_A], replace(KEY_2, issuer_id="000003"), FILE_ID, NONCE),
        "WRONG_ISSUER",
    ),
    "points over the limit": (sealed("123456789", "10000000000", "2017123100001"), "POINTS"),
    "points not a number": (sealed("123456789", "1e3", "2017123100001"), "POINTS"),
    "no points": (sealed("123456789", "0", "2017123100001"), "POINTS"),
    "other record than its name": (encode([GOOD], KEY_2, FILE_ID, NONCE), "NAME_DIFFERS"),
    "text": ("合算ポイント\r\n".encode() * 10, "WRONG_PROFILE"),
}


def make_content(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def make_huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(FILE_BYTES_MAX + 1)


CASES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    **{what: (NAME_A, make_content(one), reason) for what, (one, reason) in CONTENTS.items()},
    "from the future": (
        f"000002-{LATER}.mrg",
        make_content(encode([Record("F", 1, LATER)], KEY_2, FILE_ID, NONCE)),
        "FROM_THE_FUTURE",
    ),
    "huge": (NAME_A, make_huge, "TOO_LARGE"),
    "a link": (NAME_A, lambda path: path.symlink_to("/etc/passwd"), "NOT_A_FILE"),
    "a link to nothing": (NAME_A, lambda path: path.symlink_to("nowhere"), "NOT_A_FILE"),
    "a link to itself": (NAME_A, lambda path: path.symlink_to(path.name), "NOT_A_FILE"),
    "a folder": (NAME_A, Path.mkdir, "NOT_A_FILE"),
    "a pipe": (NAME_A, os.mkfifo, "NOT_A_FILE"),
    "a socket": (NAME_A, lambda path: os.mknod(path, stat.S_IFSOCK | 0o600), "NOT_A_FILE"),
    **{
        f"the name {name!a:.40}": (name, make_content(CONTENT), "NAME")
        for name in (
            " .mrg",
            "-rf.mrg",
            "~.mrg",
            "$(id).mrg",
            "%s%n.mrg",
            "a\nb.mrg",
            "a\x1b[2Jb.mrg",
            "a\u202eb.mrg",
            "合算.mrg",
            "０00002-2017123100001.mrg",
            "000002-2017123100001.mrg.mrg",
            "000002-2017123100001.reason.txt.mrg",
            os.fsdecode(b"\xff\xfe.mrg"),
            NO_ROOM,
        )
    },
    "the name of another street": (
        NAME_A.replace("000002", "000003"),
        make_content(CONTENT),
        "NAME_DIFFERS",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_goes_to_quarantine_and_the_driver_goes_on(tmp_path: Path, case: str) -> None:
    name, make, reason = CASES[case]
    place = Place(tmp_path)
    make(place.spool / name)
    put_records(place.spool, GOOD)
    done = place.run("--json")
    assert (done.returncode, done.stderr) == (3, "")
    told = [json.loads(row) for row in done.stdout.splitlines()]
    assert len(told) == 3
    outcomes = sorted((row["outcome"], row["reason"]) for row in told[:2])
    assert outcomes == [("done", None), ("quarantine", reason)]
    (bad,) = [row for row in told[:2] if row["outcome"] == "quarantine"]
    assert bad["message"].isprintable()
    kept = name if name != NO_ROOM else place.names("quarantine")[0]
    assert place.names("quarantine") == [kept]
    assert place.reason(kept) == reason
    reason_file = place.spool / "quarantine" / f"{kept}.reason.txt"
    assert reason_file.read_text("utf-8") == f"{reason}: {bad['message']}\n"
    assert place.names("done") == [f"000002-{GOOD.transaction_number}.mrg"]
    assert place.rows("SELECT id FROM record") == [(GOOD.id,)]
    assert place.output.read_text("utf-8").count("\n") == 1
    assert [path.name for path in place.spool.iterdir() if path.suffix == ".mrg"] == []
    assert "/etc/passwd" not in done.stdout


def test_all_of_it_at_once(tmp_path: Path) -> None:
    """Each under a place of its own, in one run; the second run has nothing left to do."""
    place = Place(tmp_path)
    names = {name for name, _, _ in CASES.values()}
    for name, make, _ in CASES.values():
        if name in names:
            names.remove(name)
            make(place.spool / name)
    put_records(place.spool, GOOD)
    in_spool = len(list(place.spool.iterdir()))
    done = place.run()
    assert (done.returncode, done.stderr) == (3, "")
    rows = done.stdout.splitlines()
    assert len(rows) == in_spool + 1
    assert all(row.isprintable() for row in rows)
    assert rows[-1].startswith(f"1 done, 0 duplicate, {in_spool - 1} quarantined; 1 new record")
    again = place.run()
    assert (again.returncode, again.stderr) == (0, "")
    assert len(place.names("quarantine")) == in_spool - 1
