"""Virtual cards in files: whole, told from anything else, and true after a process ended."""

import json
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from counter_tui.card.apdu import BlockedError, WrongPinError
from counter_tui.card.my_number_card import MyNumberCard, PinFile
from counter_tui.core import files
from counter_tui.virtual.card import INPUT_SUPPORT, JPKI, VirtualCard
from counter_tui.virtual.card_file import load, load_issuing, save, save_issuing
from counter_tui.virtual.card_header import CardFileError, CardHeader, canonical, listed
from counter_tui.virtual.citizen import Issuing
from tests.counter_tui.card.conftest import LAST_GOOD_DAY, issuing, virtual

__all__ = ["issuing", "virtual"]

HEADER = CardHeader("桜井　花子", "030D45", LAST_GOOD_DAY)


@pytest.fixture
def path(tmp_path: Path, virtual: VirtualCard) -> Path:
    saved = tmp_path / "030D45.json"
    save(saved, HEADER, virtual)
    return saved


def opened(card: VirtualCard) -> MyNumberCard:
    reading = MyNumberCard(card.transmit)
    reading.open()
    return reading


def try_pin(path: Path, pin: str) -> None:
    """Sign with a card that is read from its file, as a new process would."""
    opened(load(path)).sign_challenge(pin, b"challenge")


def test_a_loaded_card_is_the_saved_one(path: Path, virtual: VirtualCard) -> None:
    loaded = load(path)
    assert loaded._applications[INPUT_SUPPORT] == virtual._applications[INPUT_SUPPORT]
    one, other = loaded._applications[JPKI], virtual._applications[JPKI]
    assert (one.files, one.pins) == (other.files, other.pins)
    assert {number: key.opened_by for number, key in one.keys.items()} == {
        number: key.opened_by for number, key in other.keys.items()
    }
    assert loaded.header == HEADER
    before, after = opened(virtual), opened(loaded)
    assert after.user_certificate() == before.user_certificate()
    assert after.sign_challenge("1234", b"same") == before.sign_challenge("1234", b"same")


def test_each_key_is_kept(tmp_path: Path, issuing: Issuing) -> None:
    card = Issuing(issuing.users, issuing.signatures).card(1, LAST_GOOD_DAY)
    save(tmp_path / "000001.json", HEADER, card)
    before, after = (
        {number: key.key.private_numbers() for number, key in one._applications[JPKI].keys.items()}
        for one in (card, load(tmp_path / "000001.json"))
    )
    assert after == before
    assert before[0x0017] != before[0x001A]


def test_saving_again_changes_no_byte(path: Path) -> None:
    before = path.read_bytes()
    save(path, HEADER, load(path))
    assert path.read_bytes() == before


def test_only_the_owner_can_read_a_card(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_tries_outlast_the_process(path: Path) -> None:
    for left in (2, 1):
        with pytest.raises(WrongPinError) as caught:
            try_pin(path, "0000")
        assert caught.value.tries_left == left
    assert opened(load(path)).tries_left(PinFile.USER_PIN) == 1
    try_pin(path, "1234")
    assert opened(load(path)).tries_left(PinFile.USER_PIN) == 3


def test_a_locked_card_stays_locked(path: Path) -> None:
    for _ in range(3):
        with pytest.raises((WrongPinError, BlockedError)):
            try_pin(path, "0000")
    with pytest.raises(BlockedError):
        try_pin(path, "1234")
    load(path).unlock()
    try_pin(path, "1234")


def test_a_changed_pin_outlasts_the_process(path: Path) -> None:
    card = load(path)
    for command in ("00A4040C0AD392F000260100000001", "0020009804 31323334"):
        assert card.transmit(bytes.fromhex(command)) == b"\x90\x00"
    assert card.transmit(bytes.fromhex("0024019804 35363738")) == b"\x90\x00"
    try_pin(path, "5678")
    with pytest.raises(WrongPinError):
        try_pin(path, "1234")


def test_only_a_change_is_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = opened(load(path))
    monkeypatch.setattr(files, "replace", lambda *_: pytest.fail("written"))
    card.user_certificate()
    card.sign_challenge("1234", b"challenge")


def test_a_try_that_cannot_be_kept_opens_nothing(path: Path) -> None:
    card = load(path)
    select, verify = "00A4040C0AD392F000260100000001", "0020009804"
    card.transmit(bytes.fromhex(select))
    card.transmit(bytes.fromhex(verify + "30303030"))
    shutil.rmtree(path.parent)
    assert card.transmit(bytes.fromhex(verify + "31323334")) == bytes.fromhex("6581")
    sign = "802A0297 20" + "00" * 32 + "00"
    card.transmit(bytes.fromhex(select))
    assert card.transmit(bytes.fromhex(sign)) == bytes.fromhex("6982")


def test_a_lock_is_of_one_pin(path: Path) -> None:
    load(path).lock(INPUT_SUPPORT, 0x0015)
    left = {
        (name, number): pin.left
        for name, application in load(path)._applications.items()
        for number, pin in application.pins.items()
    }
    assert left[INPUT_SUPPORT, 0x0015] == 0
    assert left[JPKI, 0x0018] == 3
    assert list(left.values()).count(0) == 1


def test_a_pin_that_the_card_has_not(path: Path) -> None:
    with pytest.raises(CardFileError, match="no such PIN"):
        load(path).lock(JPKI, 0x0099)


def test_cards_are_listed_by_name(tmp_path: Path, virtual: VirtualCard) -> None:
    headers = [
        CardHeader(f"{number}番", f"03000{number}", date(2030, number, 1)) for number in (2, 1, 3)
    ]
    for header in headers:
        save(tmp_path / f"{header.serial_number}.json", header, virtual)
    (tmp_path / "users.pem").write_text("no card")
    (tmp_path / ".030009.json.part").write_text("a write that was cut off")
    assert [header.label for header in listed(tmp_path)] == ["1番", "2番", "3番"]
    assert listed(tmp_path)[1] == headers[0]


def test_a_file_of_another_name_is_told(path: Path) -> None:
    shutil.copy(path, path.with_name("030D46.json"))
    with pytest.raises(CardFileError, match=r"should be named 030D45\.json"):
        listed(path.parent)


def test_no_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(CardFileError, match="No such file"):
        listed(tmp_path / "none")


def test_listing_needs_no_package(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from counter_tui.virtual.card_header import listed\n"
        "assert len(listed(Path(sys.argv[1]))) == 1\n"
        "assert not {'cryptography', 'click', 'smartcard'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path.parent)], check=True)


@pytest.mark.parametrize(
    ("given", "serial_number"),
    [("030D45", "030D45"), ("30d45", "030D45"), ("1", "000001"), ("00ABCDEF01", "ABCDEF01")],
)
def test_serial_numbers(given: str, serial_number: str) -> None:
    assert canonical(given) == serial_number


@pytest.mark.parametrize("given", ["", "0", "000000", "0x1", "-1", "1 2", "G", "F" * 39, "../1"])
def test_what_is_no_serial_number(given: str) -> None:
    with pytest.raises(CardFileError, match="not a serial number"):
        canonical(given)


@pytest.mark.parametrize("label", ["", "two\nlines", "\x1b[2J"])
def test_what_is_no_label(label: str) -> None:
    with pytest.raises(CardFileError, match="label"):
        CardHeader(label, "030D45", LAST_GOOD_DAY)


def changed(*keys: str, to: object) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for key in keys[:-1]:
            document = document[key]
        document[keys[-1]] = to

    return change


J = ("applications", JPKI.hex().upper())


@pytest.mark.parametrize(
    "change",
    [
        changed("format", to="jichipoint-merge-key"),
        changed("version", to=2),
        changed("version", to=True),
        changed("version", to="1"),
        changed("label", to=""),
        changed("label", to=7),
        changed("serial_number", to="30d45"),
        changed("serial_number", to=123456),
        changed("last_good_day", to="2030-02-30"),
        changed("last_good_day", to=None),
        changed("applications", to=[]),
        changed("applications", to={"AB": None}),
        changed("applications", to={"AB": {}}),
        changed("applications", to={"no hex": {"files": {}, "pins": {}, "keys": {}}}),
        changed(*J, "files", "000A", to="3082"),
        changed(*J, "files", "000A", "content", to="3"),
        changed(*J, "files", "000A", "content", to=None),
        changed(*J, "files", "000A", "opened_by", to="0018"),
        changed(*J, "files", "000A", "opened_by", to=[24]),
        changed(*J, "files", "0A", to={"content": "", "opened_by": []}),
        changed(*J, "pins", "0018", "left", to=4),
        changed(*J, "pins", "0018", "left", to=-1),
        changed(*J, "pins", "0018", "left", to=True),
        changed(*J, "pins", "0018", "left", to="3"),
        changed(*J, "pins", "0018", "tries", to=16),
        changed(*J, "pins", "0018", "secret", to=1234),
        changed(*J, "pins", "0018", "secret", to="１２３４"),
        changed(*J, "pins", "0018", to={}),
        changed(*J, "keys", "0017", "key", to="-----BEGIN PRIVATE KEY-----"),
        changed(*J, "keys", "0017", "key", to=["key"]),
        changed(*J, "keys", "0017", "opened_by", to="18"),
    ],
)
def test_a_damaged_card_is_told_in_one_line(path: Path, change: Callable[[Any], None]) -> None:
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(CardFileError, match=r"030D45\.json holds no virtual card: .") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_a_key_of_another_kind_is_told(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    document = json.loads(path.read_bytes())
    changed(*J, "keys", "0017", "key", to=pem)(document)
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(CardFileError, match="a key that cannot be read"):
        load(path)


def test_a_card_that_was_cut_off_is_told(path: Path) -> None:
    content = path.read_bytes()
    for size in (0, 1, len(content) // 2, len(content) - 2):
        path.write_bytes(content[:size])
        for read in (load, lambda path: listed(path.parent)):
            with pytest.raises(CardFileError, match="damaged or cut off"):
                read(path)


@pytest.mark.parametrize("content", [b"\xff\xff", b"[" * 100_000, b"[]", b"7"])
def test_what_is_no_card_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "030D45.json"
    path.write_bytes(content)
    with pytest.raises(CardFileError, match="holds no virtual card"):
        load(path)


def test_a_missing_card_is_told(tmp_path: Path) -> None:
    with pytest.raises(CardFileError, match=r"030D45\.json cannot be read: No such file"):
        load(tmp_path / "030D45.json")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, virtual: VirtualCard) -> None:
    with pytest.raises(CardFileError, match="cannot be written"):
        save(tmp_path / "none" / "030D45.json", HEADER, virtual)


@pytest.fixture
def authority(tmp_path: Path, issuing: Issuing) -> Path:
    folder = tmp_path / "town" / "authority"
    save_issuing(folder, issuing)
    return folder


def test_a_loaded_authority_issues_as_the_saved_one(authority: Path, issuing: Issuing) -> None:
    loaded = load_issuing(authority)
    assert loaded.users.certificate == issuing.users.certificate
    assert loaded.signatures.certificate == issuing.signatures.certificate
    assert (loaded.users.policy, loaded.signatures.policy) == (
        issuing.users.policy,
        issuing.signatures.policy,
    )
    assert loaded.users.key.private_numbers() == issuing.users.key.private_numbers()
    key = issuing.users.key
    card = loaded.users.issue(key, 1, datetime(2026, 1, 1, tzinfo=UTC), LAST_GOOD_DAY)
    card.verify_directly_issued_by(issuing.users.certificate)


def test_only_the_owner_can_read_the_keys(authority: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in authority.iterdir()}
    assert modes["users.key"] == modes["signatures.key"] == 0o600
    assert set(modes) == {"users.pem", "users.key", "signatures.pem", "signatures.key"}


@pytest.mark.parametrize("kept", ["users.pem", "users.key", "signatures.pem", "signatures.key"])
def test_an_authority_is_not_overwritten(authority: Path, issuing: Issuing, kept: str) -> None:
    for path in authority.iterdir():
        if path.name != kept:
            path.unlink()
    before = (authority / kept).read_bytes()
    with pytest.raises(CardFileError, match=f"{kept} is there already"):
        save_issuing(authority, issuing)
    assert [path.name for path in authority.iterdir()] == [kept]
    assert (authority / kept).read_bytes() == before


@pytest.mark.parametrize("name", ["users.pem", "users.key", "signatures.pem", "signatures.key"])
def test_a_damaged_authority_is_told(authority: Path, name: str) -> None:
    (authority / name).write_bytes((authority / name).read_bytes()[:500])
    with pytest.raises(CardFileError, match=f"{name} holds nothing of a test authority"):
        load_issuing(authority)
    (authority / name).unlink()
    with pytest.raises(CardFileError, match=f"{name} cannot be read: No such file"):
        load_issuing(authority)


def test_keys_of_the_other_authority_are_told(authority: Path) -> None:
    shutil.copy(authority / "signatures.key", authority / "users.key")
    with pytest.raises(CardFileError, match=r"users\.pem and users\.key do not belong together"):
        load_issuing(authority)
