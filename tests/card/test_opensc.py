"""OpenSC, which knows real cards, takes the virtual card for one (docs/cards.md)."""

import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from counter_tui.virtual.card import FILLER, JPKI, VirtualCard
from counter_tui.virtual.card_file import load, save
from counter_tui.virtual.card_header import CardHeader
from counter_tui.virtual.citizen import Issuing
from counter_tui.virtual.vpcd import VpcdSlot
from tests.card.pcscd import WANTED, Pcscd, opensc_module
from tests.counter_tui.card.conftest import LAST_GOOD_DAY, SERIAL_NUMBER

SECONDS_MAX = 20
SELECT_JPKI = "00A4040C0AD392F000260100000001"


@pytest.fixture(scope="session")
def module() -> Path:
    """OpenSC's PKCS#11 module."""
    found = opensc_module()
    if found is None:
        pytest.skip(f"needs OpenSC: {WANTED}")
    return found


@pytest.fixture(scope="session")
def saved(issuing: Issuing, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A card whose two keys differ."""
    path = tmp_path_factory.mktemp("card") / "030D45.json"
    card = Issuing(issuing.users, issuing.signatures).card(SERIAL_NUMBER, LAST_GOOD_DAY)
    save(path, CardHeader("桜井 花子", "030D45", LAST_GOOD_DAY), card)
    return path


@pytest.fixture(autouse=True)
def card(module: Path, pcscd: Pcscd, saved: Path, tmp_path: Path) -> Iterator[VirtualCard]:
    """A card in the reader, fresh from its file."""
    card = load(Path(shutil.copy(saved, tmp_path)))
    with VpcdSlot(card, pcscd.port):
        until = time.monotonic() + SECONDS_MAX
        while "Yes" not in run("opensc-tool", "--list-readers").stdout:
            assert time.monotonic() < until, "the card is not seen"
            time.sleep(0.05)
        yield card


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )


def said(*command: object) -> str:
    result = run(*command)
    assert result.returncode == 0, result.stderr
    return result.stdout


def content(card: VirtualCard, file_id: int) -> bytes:
    """What a file holds, without the filler behind it."""
    return card._applications[JPKI].files[file_id].content.removesuffix(FILLER * 8)


def verify(auth_id: int, pin: str) -> subprocess.CompletedProcess[str]:
    return run("pkcs15-tool", "--verify-pin", "--auth-id", auth_id, "--pin", pin)


def tries_left() -> list[int]:
    """Of the user PIN and of the signature password, as OpenSC tells them."""
    told = re.findall(r"Tries left +: (\d+)", said("pkcs15-tool", "--list-pins"))
    return [int(left) for left in told]


def test_the_card_is_named(card: VirtualCard) -> None:
    assert said("opensc-tool", "--name") == "jpki\n"


def test_the_card_is_dumped() -> None:
    dump = said("pkcs15-tool", "--dump")
    objects = re.findall(r"^(?:PIN|Private RSA Key|X.509 Certificate) \[(.+)\]$", dump, re.M)
    assert objects == [
        "User Authentication PIN",
        "Digital Signature PIN",
        "User Authentication Key",
        "Digital Signature Key",
        "User Authentication Certificate",
        "Digital Signature Certificate",
        "User Authentication Certificate CA",
        "Digital Signature Certificate CA",
    ]
    assert "Encoded serial : 02 03 030D45" in dump


@pytest.mark.parametrize(("number", "file_id"), [(1, 0x000A), (3, 0x000B), (4, 0x0002)])
def test_certificates_that_all_may_read(card: VirtualCard, number: int, file_id: int) -> None:
    pem = said("pkcs15-tool", "--read-certificate", number)
    assert ssl.PEM_cert_to_DER_cert(pem) == content(card, file_id)


def test_the_signature_certificate_is_read_with_its_password(card: VirtualCard) -> None:
    refused = run("pkcs15-tool", "--read-certificate", 2)
    assert refused.returncode != 0
    assert "CERTIFICATE" not in refused.stdout
    pem = said(
        *("pkcs15-tool", "--verify-pin", "--auth-id", 2, "--pin", "ABC123"),
        *("--read-certificate", 2),
    )
    assert ssl.PEM_cert_to_DER_cert(pem) == content(card, 0x0001)


@pytest.mark.parametrize(
    ("slot", "number", "pin", "file_id"),
    [(0, "01", "1234", 0x000A), (1, "02", "ABC123", 0x0001)],
)
def test_openssl_verifies_what_the_card_signed(
    card: VirtualCard, module: Path, tmp_path: Path, slot: int, number: str, pin: str, file_id: int
) -> None:
    challenge, signature, key = tmp_path / "challenge", tmp_path / "signature", tmp_path / "key.pem"
    challenge.write_bytes(b"challenge")
    (tmp_path / "certificate").write_bytes(content(card, file_id))
    said(
        *("pkcs11-tool", "--module", module, "--slot-index", slot, "--login", "--pin", pin),
        *("--sign", "-m", "SHA256-RSA-PKCS", "--id", number),
        *("--input-file", challenge, "--output-file", signature),
    )
    said(
        *("openssl", "x509", "-inform", "DER", "-in", tmp_path / "certificate"),
        *("-noout", "-pubkey", "-out", key),
    )
    check = ("openssl", "dgst", "-sha256", "-verify", key, "-signature", signature, challenge)
    assert said(*check) == "Verified OK\n"
    challenge.write_bytes(b"another challenge")
    assert run(*check).returncode != 0


def test_a_key_does_not_sign_without_its_pin() -> None:
    sign = "802A0297 20" + "00" * 32 + "00"
    told = said("opensc-tool", "--send-apdu", SELECT_JPKI, "--send-apdu", sign.replace(" ", ""))
    assert re.findall(r"SW1=0x(..), SW2=0x(..)", told) == [("90", "00"), ("69", "82")]


@pytest.mark.parametrize(
    ("auth_id", "right", "wrong", "tries"), [(1, "1234", "0000", 3), (2, "ABC123", "ABC124", 5)]
)
def test_wrong_pins_lock_the_card(auth_id: int, right: str, wrong: str, tries: int) -> None:
    other = tries_left()[2 - auth_id]
    assert verify(auth_id, wrong).returncode != 0
    assert tries_left()[auth_id - 1] == tries - 1
    assert verify(auth_id, right).returncode == 0
    assert tries_left()[auth_id - 1] == tries
    for left in reversed(range(tries)):
        assert "PIN code or key incorrect" in verify(auth_id, wrong).stderr
        assert tries_left()[auth_id - 1] == left
    assert "Reference data not usable" in verify(auth_id, right).stderr
    assert tries_left()[2 - auth_id] == other
