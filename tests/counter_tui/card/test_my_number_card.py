"""What the application reads from a card, command by command."""

from collections.abc import Callable
from datetime import date

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from counter_tui.card.apdu import (
    BlockedError,
    DamagedFileError,
    StatusError,
    WrongPinError,
    read_object,
)
from counter_tui.card.my_number_card import (
    Attributes,
    ForeignCardError,
    MyNumberCard,
    NoSignatureCertificateError,
    OldCardError,
    PhoneTokenError,
    PinFile,
)
from counter_tui.virtual.card import (
    JPKI,
    Application,
    File,
    VirtualCard,
    attributes_file,
    token_info,
)
from counter_tui.virtual.citizen import Issuing, Person
from tests.counter_tui.card.conftest import LAST_GOOD_DAY, SERIAL_NUMBER

CODE_B = "55021720352285"


def serial_number(certificate: bytes) -> int:
    return x509.load_der_x509_certificate(certificate).serial_number


def test_the_user_certificate_is_read_without_a_pin(card: MyNumberCard, issuing: Issuing) -> None:
    certificate = card.user_certificate()
    assert serial_number(certificate) == SERIAL_NUMBER
    x509.load_der_x509_certificate(certificate).verify_directly_issued_by(issuing.users.certificate)


def test_a_signed_challenge_verifies(card: MyNumberCard) -> None:
    challenge = bytes(range(32))
    signature = card.sign_challenge("1234", challenge)
    key = x509.load_der_x509_certificate(card.user_certificate()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(signature, challenge, padding.PKCS1v15(), hashes.SHA256())


def test_wrong_pins_count_down_and_block(card: MyNumberCard) -> None:
    for left in (2, 1):
        with pytest.raises(WrongPinError) as caught:
            card.sign_challenge("9999", b"challenge")
        assert caught.value.tries_left == left == card.tries_left(PinFile.USER_PIN)
    for pin in ("9999", "1234", "1234"):
        with pytest.raises(BlockedError):
            card.sign_challenge(pin, b"challenge")
    assert card.tries_left(PinFile.USER_PIN) == 0


def test_the_right_pin_gives_the_tries_back(card: MyNumberCard) -> None:
    with pytest.raises(WrongPinError):
        card.sign_challenge("9999", b"challenge")
    card.sign_challenge("1234", b"challenge")
    assert card.tries_left(PinFile.USER_PIN) == 3


def test_asking_for_the_tries_costs_none(card: MyNumberCard) -> None:
    assert [card.tries_left(PinFile.USER_PIN) for _ in range(5)] == [3] * 5


def test_no_try_is_spent_on_a_blocked_pin(issuing: Issuing) -> None:
    sent: list[bytes] = []
    virtual = issuing.card(SERIAL_NUMBER, LAST_GOOD_DAY)

    def transmit(command: bytes) -> bytes:
        sent.append(command)
        return virtual.transmit(command)

    card = MyNumberCard(transmit)
    card.open()
    for _ in range(2):
        with pytest.raises(WrongPinError):
            card.sign_challenge("0000", b"")
    with pytest.raises(BlockedError):
        card.sign_challenge("0000", b"")
    sent.clear()
    with pytest.raises(BlockedError):
        card.sign_challenge("1234", b"")
    assert not [command for command in sent if command[1] == 0x20 and len(command) > 4]


@pytest.mark.parametrize("password", ["ABC123", "abc123"])
def test_the_signature_certificate_wants_its_password(card: MyNumberCard, password: str) -> None:
    with pytest.raises(StatusError) as caught:
        read_object(card._transmit, 0x0001)
    assert caught.value.status == 0x6982
    with pytest.raises(WrongPinError) as wrong:
        card.signature_certificate("ABC124")
    assert wrong.value.tries_left == 4
    assert serial_number(card.signature_certificate(password)) == SERIAL_NUMBER + 0x100000


def test_a_child_s_card_has_no_signature_certificate_and_loses_no_try(issuing: Issuing) -> None:
    card = MyNumberCard(issuing.card(1, LAST_GOOD_DAY, of_child=True).transmit)
    card.open()
    with pytest.raises(NoSignatureCertificateError):
        card.signature_certificate("ABC123")
    assert card.tries_left(PinFile.SIGNATURE_PASSWORD) == 5


@pytest.mark.parametrize(
    ("pin_file", "code", "tries"),
    [(PinFile.CODE_B, CODE_B, 10), (PinFile.INPUT_SUPPORT_PIN, "5678", 3)],
)
def test_the_attributes_are_opened_by_code_b_or_pin(
    card: MyNumberCard, pin_file: PinFile, code: str, tries: int
) -> None:
    card.open_input_support()
    assert card.tries_left(pin_file) == tries
    with pytest.raises(WrongPinError) as caught:
        card.attributes(pin_file, "0" * len(code))
    assert caught.value.tries_left == tries - 1
    assert card.attributes(pin_file, code) == Attributes(
        "桜井　花子", "東京都千代田区霞が関２丁目１番２号", date(1980, 2, 17), "2"
    )


def test_code_b_does_not_open_the_my_number(card: MyNumberCard) -> None:
    card.open_input_support()
    card.attributes(PinFile.CODE_B, CODE_B)
    with pytest.raises(StatusError) as caught:
        read_object(card._transmit, 0x0001)
    assert caught.value.status == 0x6982


@pytest.mark.parametrize("length", [1, 30, 60, 90, 250, 600])
def test_long_names_and_addresses(issuing: Issuing, length: int) -> None:
    person = Person("山" * (length // 3 or 1), "町" * length, "20070401", "1")
    card = MyNumberCard(issuing.card(1, LAST_GOOD_DAY, person=person).transmit)
    card.open()
    card.open_input_support()
    found = card.attributes(PinFile.CODE_B, CODE_B)
    assert (found.name, found.address) == (person.name, person.address)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (b"JPKIAPICCTOKEN", OldCardError),
        (b"JPKIAPGPSETOKEN", PhoneTokenError),
        (b"JPKIAPIOSTOKEN", PhoneTokenError),
        (b"SOMETHINGELSE", ForeignCardError),
        (b"", ForeignCardError),
    ],
)
def test_other_tokens_are_told_apart(
    issuing: Issuing, label: bytes, expected: type[Exception]
) -> None:
    with pytest.raises(expected) as caught:
        MyNumberCard(issuing.card(1, LAST_GOOD_DAY, label=label).transmit).open()
    assert type(caught.value) is expected


def answering(status: int) -> Callable[[bytes], bytes]:
    def transmit(_command: bytes) -> bytes:
        return status.to_bytes(2, "big")

    return transmit


@pytest.mark.parametrize("status", [0x6A82, 0x6D00, 0x6E00, 0x6F00, 0x6700, 0x6999, 0x0000])
def test_a_foreign_card(status: int) -> None:
    with pytest.raises(ForeignCardError):
        MyNumberCard(answering(status)).open()


def with_file(content: bytes) -> MyNumberCard:
    """A card whose user certificate holds something else."""
    files = {0x0006: File(token_info(b"JPKIAPICCTOKEN2")), 0x000A: File(content)}
    card = MyNumberCard(VirtualCard({JPKI: Application(files, {})}).transmit)
    card.open()
    return card


@pytest.mark.parametrize(
    "content",
    [b"\x30", b"\xff" * 600, b"\x30\x80" + b"x" * 300, b"\x30\x84\x00\x00\x00\x10" + b"x" * 30],
)
def test_a_damaged_certificate_file(content: bytes) -> None:
    with pytest.raises(DamagedFileError):
        with_file(content).user_certificate()


@pytest.mark.parametrize("size", [10, 255, 256, 257, 511, 512, 513, 2000])
def test_a_file_that_is_shorter_than_it_says(size: int) -> None:
    with pytest.raises(StatusError) as caught:
        with_file(b"\x30\x82\x08\x00" + b"x" * (size - 4)).user_certificate()
    assert caught.value.status == 0x6B00


@pytest.mark.parametrize("size", [1, 127, 128, 255, 256, 257, 1200])
def test_filler_behind_the_object_is_left_out(size: int) -> None:
    head = b"\x30\x82" + size.to_bytes(2, "big")
    body = bytes(n % 251 for n in range(size))
    assert with_file(head + body + b"\xff" * 40).user_certificate() == head + body


@pytest.mark.parametrize(
    "content",
    [
        attributes_file("名", "住所", "20260230", "1"),
        attributes_file("名", "住所", "2026021", "1"),
        b"\xff\x20\x03\xdf\x22\x05",
        b"\xff\x20\x00" + b"\xff" * 9,
        b"\xff\x30\x04\xdf\x22\x01x\xff\xff",
    ],
)
def test_damaged_attributes(issuing: Issuing, content: bytes) -> None:
    virtual = issuing.card(1, LAST_GOOD_DAY)
    application = virtual._applications[bytes.fromhex("D3921000310001010408")]
    application.files[0x0002] = File(content)  # type: ignore[index]
    card = MyNumberCard(virtual.transmit)
    card.open()
    card.open_input_support()
    with pytest.raises(DamagedFileError):
        card.attributes(PinFile.CODE_B, CODE_B)


def test_no_error_tells_the_pin(issuing: Issuing) -> None:
    card = MyNumberCard(issuing.card(1, LAST_GOOD_DAY).transmit)
    card.open()
    card.open_input_support()
    texts = []
    for pin_file, pin in ((PinFile.CODE_B, "12312420360000"), (PinFile.INPUT_SUPPORT_PIN, "7391")):
        for _ in range(11):
            try:
                card.attributes(pin_file, pin)
            except (WrongPinError, BlockedError, StatusError) as error:
                texts.append(repr(error) + str(error) + repr(error.__cause__))
        assert len(texts) >= 11
        assert not [text for text in texts if pin in text or pin.encode().hex() in text]
    refusing = MyNumberCard(lambda command: b"\x63\xc3" if len(command) == 4 else b"\x69\x85")
    refusing._transmit = lambda command: (
        b"\x90\x00" if command[1] == 0xA4 else b"\x63\xc3" if len(command) == 4 else b"\x69\x85"
    )
    with pytest.raises(StatusError) as caught:
        refusing.attributes(PinFile.INPUT_SUPPORT_PIN, "7391")
    assert "7391" not in repr(caught.value)
    assert "37333931" not in str(caught.value).replace(" ", "")
