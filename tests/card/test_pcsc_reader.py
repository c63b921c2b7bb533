"""The application's own reader through a real pcscd (CRD-1, CRD-2)."""

import asyncio
import threading
from datetime import date

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from smartcard import scard

from counter_tui.card import working
from counter_tui.card.apdu import StatusError, WrongPinError
from counter_tui.card.contactless import ContactlessId, IdentifierKind, read_contactless_id
from counter_tui.card.my_number_card import MyNumberCard, PinFile
from counter_tui.card.pcsc import Watcher
from counter_tui.card.pcsc_reader import RESET_TRIES, PcscReader
from counter_tui.card.reader import (
    CardError,
    CardInserted,
    CardRemoved,
    CardTrouble,
    ReaderDown,
    ReaderUp,
)
from counter_tui.virtual.card import VirtualCard
from counter_tui.virtual.citizen import Issuing
from counter_tui.virtual.contactless import FELICA_ATR, ISO14443_ATR, ContactlessCard
from counter_tui.virtual.vpcd import VpcdSlot
from tests.card.conftest import Events
from tests.card.pcscd import READER, Pcscd
from tests.counter_tui.card.conftest import LAST_GOOD_DAY


async def test_in_read_out(
    pcscd: Pcscd, reader: PcscReader, events: Events, virtual: VirtualCard
) -> None:
    with VpcdSlot(virtual, pcscd.port):
        assert await events.next() == CardInserted(1)
        assert reader.has_card
        found = await reader.read_user_certificate()
        assert (found.serial_number, found.last_good_day) == ("030D45", date(2030, 2, 17))
    assert await events.next() == CardRemoved(1)
    assert not reader.has_card


async def test_each_insertion_is_a_session_of_its_own(
    pcscd: Pcscd, reader: PcscReader, events: Events, issuing: Issuing
) -> None:
    for session in (1, 2, 3):
        card = issuing.card(0x100000 + session, LAST_GOOD_DAY)
        with VpcdSlot(card, pcscd.port):
            assert await events.next() == CardInserted(session)
            found = await reader.read_user_certificate()
            assert found.serial_number == f"10000{session}"
        assert await events.next() == CardRemoved(session)


async def test_a_challenge_is_signed_with_the_pin(
    pcscd: Pcscd, reader: PcscReader, events: Events, virtual: VirtualCard
) -> None:
    def sign(card: MyNumberCard) -> tuple[bytes, bytes]:
        return card.user_certificate(), card.sign_challenge("1234", b"challenge")

    with VpcdSlot(virtual, pcscd.port):
        await events.next()
        certificate, signature = await reader.with_card(sign, exclusive=True)
    key = x509.load_der_x509_certificate(certificate).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(signature, b"challenge", padding.PKCS1v15(), hashes.SHA256())


async def test_a_wrong_pin_says_how_many_tries_are_left(
    pcscd: Pcscd, reader: PcscReader, events: Events, virtual: VirtualCard
) -> None:
    with VpcdSlot(virtual, pcscd.port):
        await events.next()
        with pytest.raises(WrongPinError) as caught:
            await reader.with_card(lambda card: card.sign_challenge("0000", b""), exclusive=True)
        assert caught.value.tries_left == 2
        left = await reader.with_card(
            lambda card: card.tries_left(PinFile.USER_PIN), exclusive=False
        )
        assert left == 2


async def test_a_pin_opens_nothing_once_the_work_is_done(
    pcscd: Pcscd, reader: PcscReader, events: Events, virtual: VirtualCard
) -> None:
    def sign_without_pin(card: MyNumberCard) -> bytes:
        return card._transmit(bytes.fromhex("802A0297 20" + "00" * 32 + "00"))

    def verify_and_sign(card: MyNumberCard) -> bytes:
        card.sign_challenge("1234", b"")
        return sign_without_pin(card)

    with VpcdSlot(virtual, pcscd.port):
        await events.next()
        opened = await reader.with_card(verify_and_sign, exclusive=True)
        assert opened.endswith(b"\x90\x00")
        closed = await reader.with_card(sign_without_pin, exclusive=False)
        assert closed == bytes.fromhex("6982")


async def test_the_daemon_is_killed_and_comes_back(
    pcscd: Pcscd, reader: PcscReader, events: Events, virtual: VirtualCard
) -> None:
    with VpcdSlot(virtual, pcscd.port):
        assert await events.next() == CardInserted(1)
        pcscd.kill()
        assert await events.next() == CardRemoved(1)
        assert isinstance(await events.next(), ReaderDown)
        with pytest.raises(CardError) as caught:
            await reader.read_user_certificate()
        assert caught.value.trouble == CardTrouble.READER_DOWN
    pcscd.start()
    assert await events.next() == ReaderUp()
    with VpcdSlot(virtual, pcscd.port):
        assert await events.next() == CardInserted(2)
        assert (await reader.read_user_certificate()).serial_number == "030D45"


async def test_a_daemon_that_is_not_there_yet(pcscd: Pcscd, virtual: VirtualCard) -> None:
    pcscd.stop()
    reader = PcscReader(READER)
    events = Events(reader)
    assert isinstance(await events.next(), ReaderDown)
    pcscd.start()
    assert await events.next() == ReaderUp()
    with VpcdSlot(virtual, pcscd.port):
        assert await events.next() == CardInserted(1)
    await reader.stop()


async def test_a_reader_that_is_not_there(pcscd: Pcscd) -> None:
    reader = PcscReader("No such reader")
    assert isinstance(await Events(reader).next(), ReaderDown)
    with pytest.raises(CardError) as caught:
        await reader.read_user_certificate()
    assert caught.value.trouble == CardTrouble.READER_DOWN
    await reader.stop()


class Slow(VirtualCard):
    """A card that stops answering in the middle of its certificate until it is let go."""

    def __init__(self, card: VirtualCard) -> None:
        super().__init__(card._applications)
        self.reached, self.let_go = threading.Event(), threading.Event()

    def transmit(self, command: bytes) -> bytes:
        if command[:2] == b"\x00\xb0" and command[2:4] != b"\x00\x00":
            self.reached.set()
            self.let_go.wait(10)
        return super().transmit(command)


async def test_a_card_pulled_out_in_the_middle_of_a_read(
    pcscd: Pcscd, reader: PcscReader, events: Events, virtual: VirtualCard, issuing: Issuing
) -> None:
    slow = Slow(virtual)
    with VpcdSlot(slow, pcscd.port) as slot:
        await events.next()
        reading = asyncio.create_task(reader.read_user_certificate())
        assert await asyncio.to_thread(slow.reached.wait, 10)
        slot._socket.shutdown(2)
        slow.let_go.set()
        with pytest.raises(CardError) as caught:
            await reading
        assert caught.value.trouble == CardTrouble.PULLED_OUT
    assert await events.next() == CardRemoved(1)
    with VpcdSlot(issuing.card(0xABCDEF, LAST_GOOD_DAY), pcscd.port):
        assert await events.next() == CardInserted(2)
        assert (await reader.read_user_certificate()).serial_number == "ABCDEF"


class Mute(VirtualCard):
    """A card that answers nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__({})
        self.let_go = threading.Event()

    def transmit(self, command: bytes) -> bytes:
        self.let_go.wait(10)
        return super().transmit(command)


async def test_a_mute_card_is_given_up(
    pcscd: Pcscd,
    reader: PcscReader,
    events: Events,
    virtual: VirtualCard,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mute = Mute()
    with monkeypatch.context() as patched:
        patched.setattr(working, "WORK_SECONDS_MAX", 0.5)
        with VpcdSlot(mute, pcscd.port):
            await events.next()
            with pytest.raises(CardError) as caught:
                await reader.read_user_certificate()
            assert caught.value.trouble == CardTrouble.MUTE
            mute.let_go.set()
        assert await events.next() == CardRemoved(1)
    with VpcdSlot(virtual, pcscd.port):
        assert await events.next() == CardInserted(2)
        assert (await reader.read_user_certificate()).serial_number == "030D45"


def test_a_watcher_stopped_just_before_it_waits_ends(pcscd: Pcscd) -> None:
    """The daemon forgets a cancellation that comes before the wait."""
    reached, stopping = threading.Event(), threading.Event()

    def choose(_readers: list[str]) -> list[str]:
        reached.set()
        stopping.wait(10)
        return []

    watcher = Watcher(choose, lambda _slot, _message: None)
    watching = threading.Thread(target=watcher.run, daemon=True)
    watching.start()
    assert reached.wait(10)
    ending = threading.Thread(target=watcher.stop, daemon=True)
    ending.start()
    while not watcher._stopping.is_set():
        pass
    stopping.set()
    watching.join(10)
    ending.join(10)
    assert not watching.is_alive()
    assert not ending.is_alive()


async def test_a_daemon_that_hangs_does_not_keep_the_program(
    pcscd: Pcscd, events: Events, reader: PcscReader, virtual: VirtualCard
) -> None:
    with VpcdSlot(virtual, pcscd.port):
        await events.next()
        await reader.read_user_certificate()  # meanwhile the watcher has begun to wait
        pcscd.pause()
        try:
            async with asyncio.timeout(10):
                await reader.stop()
        finally:
            pcscd.go_on()


async def test_two_readers_are_told_apart(
    pcscd: Pcscd, reader: PcscReader, events: Events, issuing: Issuing
) -> None:
    other = PcscReader(f"{READER} 00 01")
    others = Events(other)
    first, second = issuing.card(0x111111, LAST_GOOD_DAY), issuing.card(0x222222, LAST_GOOD_DAY)
    with VpcdSlot(first, pcscd.port):
        assert await events.next() == CardInserted(1)
        with VpcdSlot(second, pcscd.port + 1):
            assert await others.next() == CardInserted(1)
            assert (await reader.read_user_certificate()).serial_number == "111111"
            assert (await other.read_user_certificate()).serial_number == "222222"
        assert await others.next() == CardRemoved(1)
        assert reader.has_card
    await other.stop()


async def test_a_card_in_the_second_of_two_readers(pcscd: Pcscd, virtual: VirtualCard) -> None:
    reader = PcscReader(READER)
    events = Events(reader)
    with VpcdSlot(virtual, pcscd.port + 1):
        assert await events.next() == CardInserted(1)
        assert (await reader.read_user_certificate()).serial_number == "030D45"
    assert await events.next() == CardRemoved(1)
    with VpcdSlot(virtual, pcscd.port):
        assert await events.next() == CardInserted(2)
        assert (await reader.read_user_certificate()).serial_number == "030D45"
    await reader.stop()


async def test_of_two_cards_the_last_counts(pcscd: Pcscd, issuing: Issuing) -> None:
    reader = PcscReader(READER)
    events = Events(reader)
    first, second = issuing.card(0x111111, LAST_GOOD_DAY), issuing.card(0x222222, LAST_GOOD_DAY)
    with VpcdSlot(first, pcscd.port):
        assert await events.next() == CardInserted(1)
        with VpcdSlot(second, pcscd.port + 1):
            assert [await events.next() for _ in range(2)] == [CardRemoved(1), CardInserted(2)]
            assert (await reader.read_user_certificate()).serial_number == "222222"
        assert [await events.next() for _ in range(2)] == [CardRemoved(2), CardInserted(3)]
        assert (await reader.read_user_certificate()).serial_number == "111111"
    assert await events.next() == CardRemoved(3)
    await reader.stop()


async def test_a_foreign_card(pcscd: Pcscd, reader: PcscReader, events: Events) -> None:
    with VpcdSlot(VirtualCard({}), pcscd.port, FELICA_ATR):
        await events.next()
        with pytest.raises(CardError) as caught:
            await reader.read_user_certificate()
        assert caught.value.trouble == CardTrouble.FOREIGN


@pytest.mark.parametrize(
    ("atr", "identifier", "kind"),
    [
        (FELICA_ATR, "0112030405060708", IdentifierKind.FELICA_IDM),
        (ISO14443_ATR, "04A1B2C3D4E5F6", IdentifierKind.ISO14443_UID),
    ],
)
async def test_a_librarys_card(
    pcscd: Pcscd,
    reader: PcscReader,
    events: Events,
    atr: bytes,
    identifier: str,
    kind: IdentifierKind,
) -> None:
    with VpcdSlot(ContactlessCard(bytes.fromhex(identifier)), pcscd.port, atr):
        await events.next()
        found = await reader.with_any_card(read_contactless_id)
        assert found == ContactlessId(kind, identifier)


async def test_a_card_without_an_identifier(
    pcscd: Pcscd, reader: PcscReader, events: Events, virtual: VirtualCard
) -> None:
    with VpcdSlot(virtual, pcscd.port):
        await events.next()
        with pytest.raises(StatusError):
            await reader.with_any_card(read_contactless_id)


async def test_an_old_card(
    pcscd: Pcscd, reader: PcscReader, events: Events, issuing: Issuing
) -> None:
    card = issuing.card(1, LAST_GOOD_DAY, label=b"JPKIAPICCTOKEN")
    with VpcdSlot(card, pcscd.port):
        await events.next()
        with pytest.raises(CardError) as caught:
            await reader.read_user_certificate()
        assert caught.value.trouble == CardTrouble.OLD_CARD


def reset_by_another_program() -> None:
    """Do to the card what a program may that shares it and ends its work."""
    _code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
    name = f"{READER} 00 00"
    code, handle, _ = scard.SCardConnect(context, name, scard.SCARD_SHARE_SHARED, protocols)
    assert code == scard.SCARD_S_SUCCESS
    assert scard.SCardDisconnect(handle, scard.SCARD_RESET_CARD) == scard.SCARD_S_SUCCESS
    scard.SCardReleaseContext(context)


@pytest.mark.parametrize("resets", [1, RESET_TRIES - 1, RESET_TRIES])
async def test_a_card_reset_by_another_program_is_read_again(
    pcscd: Pcscd, reader: PcscReader, events: Events, virtual: VirtualCard, resets: int
) -> None:
    begun = 0

    def read(card: MyNumberCard) -> bytes:
        nonlocal begun
        begun += 1
        if begun <= resets:
            reset_by_another_program()
        return card.user_certificate()

    with VpcdSlot(virtual, pcscd.port):
        await events.next()
        reading = reader.with_card(read, exclusive=False)
        if resets < RESET_TRIES:
            assert x509.load_der_x509_certificate(await reading).serial_number == 0x030D45
            assert begun == resets + 1
        else:
            with pytest.raises(CardError) as caught:
                await reading
            assert caught.value.trouble == CardTrouble.IN_USE


async def test_two_programs_share_the_reader(
    pcscd: Pcscd, reader: PcscReader, events: Events, virtual: VirtualCard
) -> None:
    """One signs with its PIN, exclusively, while the other reads again and again."""
    other = PcscReader(f"{READER} 00 00")
    others = Events(other)

    async def read() -> set[str]:
        return {(await other.read_user_certificate()).serial_number for _ in range(20)}

    async def sign() -> int:
        for number in range(5):
            await reader.with_card(
                lambda card, challenge=bytes([number]): card.sign_challenge("1234", challenge),  # type: ignore[misc]
                exclusive=True,
            )
        return 5

    with VpcdSlot(virtual, pcscd.port):
        await events.next()
        await others.next()
        numbers, signed = await asyncio.gather(read(), sign())
        assert (numbers, signed) == ({"030D45"}, 5)
    await other.stop()
