"""The command jichipoint-card; a small server stands for vpcd (tests/card has the real one)."""

import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click.testing
import pytest

from counter_tui.card.apdu import WrongPinError
from counter_tui.card.certificate import user_certificate
from counter_tui.card.my_number_card import MyNumberCard, NoSignatureCertificateError, PinFile
from counter_tui.virtual import cli, holding
from counter_tui.virtual.card import ATR, INPUT_SUPPORT, JPKI
from counter_tui.virtual.card_file import load, save, save_issuing
from counter_tui.virtual.card_header import CardHeader, listed
from counter_tui.virtual.citizen import Issuing
from tests.counter_tui.card.conftest import LAST_GOOD_DAY, SERIAL_NUMBER, issuing

__all__ = ["issuing"]

SECONDS_MAX = 20
COMMAND = [sys.executable, "-m", "counter_tui.virtual.cli"]
SELECT_JPKI = bytes.fromhex("00A4040C0AD392F000260100000001")
VERIFY_WRONG = bytes.fromhex("002000980430303030")


def run(*arguments: object) -> click.testing.Result:
    return click.testing.CliRunner().invoke(cli.main, [str(one) for one in arguments])


def said(*arguments: object) -> str:
    """What a command says that does what it should."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def refused(*arguments: object) -> str:
    """The one line of a command that cannot do what it should."""
    result = run(*arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    (line,) = result.output.splitlines()
    return line.removeprefix("Error: ")


@pytest.fixture(autouse=True)
def keep_handler() -> Iterator[None]:
    """`insert` sets a handler of its process, which is the tests' here and there."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def folder(tmp_path: Path, issuing: Issuing) -> Path:
    """A folder with an authority and a card."""
    made = tmp_path / "cards"
    save_issuing(made, issuing)
    header = CardHeader("桜井 花子", "030D45", LAST_GOOD_DAY)
    save(made / "030D45.json", header, issuing.card(SERIAL_NUMBER, LAST_GOOD_DAY))
    return made


def opened(path: Path) -> MyNumberCard:
    card = MyNumberCard(load(path).transmit)
    card.open()
    return card


def test_an_authority_is_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert "was made" in said("authority", folder)
    before = (folder / "users.pem").read_bytes()
    assert refused("authority", folder) == f"{folder / 'users.pem'} is there already"
    assert (folder / "users.pem").read_bytes() == before


def test_a_new_card(folder: Path) -> None:
    said("new", folder, "30d46", "--last-good-day", "2030-02-17")
    assert listed(folder)[1] == CardHeader("桜井 花子", "030D46", date(2030, 2, 17))
    card = opened(folder / "030D46.json")
    assert user_certificate(card.user_certificate()).serial_number == "030D46"
    card.sign_challenge("1234", b"challenge")
    assert card.signature_certificate("ABC123").startswith(b"\x30\x82")


def test_a_new_card_of_ones_own(folder: Path) -> None:
    options = ["--label", "森 太郎", "--last-good-day", "2021-01-01", "--child", "--pin", "0042"]
    assert said("new", folder, "ABCDEF01", *options) == "ABCDEF01  2021-01-01  森 太郎\n"
    card = opened(folder / "ABCDEF01.json")
    card.sign_challenge("0042", b"challenge")
    with pytest.raises(NoSignatureCertificateError):
        card.signature_certificate("ABC123")
    card.open_input_support()
    assert card.attributes(PinFile.INPUT_SUPPORT_PIN, "5678").name == "森　太郎"


def test_a_password_of_ones_own(folder: Path) -> None:
    said("new", folder, "1", "--password", "SECRET99")
    card = opened(folder / "000001.json")
    assert card.signature_certificate("SECRET99")
    with pytest.raises(WrongPinError):
        card.signature_certificate("ABC123")


def test_a_card_is_not_overwritten(folder: Path) -> None:
    before = (folder / "030D45.json").read_bytes()
    line = refused("new", folder, "030D45")
    assert line == f"{folder / '030D45.json'} is there already"
    assert (folder / "030D45.json").read_bytes() == before


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--pin", "123"),
        ("--pin", "12345"),
        ("--pin", "１２３４"),
        ("--password", "ABC12"),
        ("--password", "abc123"),
        ("--password", "A" * 17),
        ("--last-good-day", "2030-02-30"),
        ("--last-good-day", "2020-12-31"),
    ],
)
def test_values_that_no_card_has(folder: Path, option: str, value: str) -> None:
    result = run("new", folder, "1", option, value)
    assert result.exit_code == 2
    assert option in result.output
    assert not (folder / "000001.json").exists()


def test_cards_are_listed(folder: Path) -> None:
    said("new", folder, "1", "--label", "森 太郎", "--last-good-day", "2029-05-01")
    assert said("list", folder).splitlines() == [
        "000001  2029-05-01  森 太郎",
        "030D45  2030-02-17  桜井 花子",
    ]


@pytest.mark.parametrize(
    ("which", "application", "pin_file"),
    [("user", JPKI, 0x0018), ("signature", JPKI, 0x001B), ("code-b", INPUT_SUPPORT, 0x0015)],
)
def test_a_lock_and_its_end(folder: Path, which: str, application: bytes, pin_file: int) -> None:
    def locked() -> list[tuple[bytes, int]]:
        return [
            (name, number)
            for name, part in load(folder / "030D45.json")._applications.items()
            for number, pin in part.pins.items()
            if not pin.left
        ]

    said("lock", folder, "30d45", "--which", which)
    assert locked() == [(application, pin_file)]
    said("unlock", folder, "30d45")
    assert locked() == []


def test_what_cannot_be_done_is_told_in_one_line(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "users.pem cannot be read" in refused("new", tmp_path / "empty", "1")
    assert "not a serial number" in refused("new", folder, "../1")
    assert "label" in refused("new", folder, "1", "--label", "")
    assert "No such file" in refused("list", tmp_path / "none")
    for command in ("insert", "lock", "unlock"):
        assert "000002.json cannot be read" in refused(command, folder, "2")
        assert "not a serial number" in refused(command, folder, "zz")
        assert "No such file" in refused(command, tmp_path / "none", "030D45")
    assert "no card is in the reader" in refused("remove", folder)
    (folder / "030D45.json").write_text("{")
    for arguments in (["list"], ["insert", "030D45"], ["lock", "030D45"]):
        command, *rest = arguments
        assert "damaged or cut off" in refused(command, folder, *rest)


def test_help_needs_no_package() -> None:
    code = (
        "import sys\n"
        "from counter_tui.virtual.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "assert not {'cryptography', 'textual', 'grpc', 'smartcard'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


class Reader:
    """Stands for vpcd: takes one card after the other, and sends it commands."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(SECONDS_MAX)
        self.port: int = self._server.getsockname()[1]

    def take(self) -> None:
        """Take the card that comes, and ask it as pcscd does."""
        self._card, _ = self._server.accept()
        self._card.settimeout(SECONDS_MAX)
        assert self.ask(b"\x04") == ATR

    def ask(self, message: bytes) -> bytes:
        self._card.sendall(struct.pack(">H", len(message)) + message)
        (length,) = struct.unpack(">H", self._card.recv(2, socket.MSG_WAITALL))
        return self._card.recv(length, socket.MSG_WAITALL)

    def is_empty(self) -> bool:
        """Wait until the card says that it is out."""
        return self._card.recv(1) == b""

    def go(self) -> None:
        if hasattr(self, "_card"):
            self._card.close()
        self._server.close()


@pytest.fixture
def reader() -> Iterator[Reader]:
    made = Reader()
    yield made
    made.go()


class Inserting:
    """Processes of `insert`, killed in the end."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[str]] = []

    def __call__(self, folder: Path, serial: str, port: int) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, "insert", str(folder), serial, "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.communicate()


@pytest.fixture
def insert() -> Iterator[Inserting]:
    inserting = Inserting()
    yield inserting
    inserting.end()


def inserted(process: subprocess.Popen[str], reader: Reader) -> None:
    """Take the card of a process."""
    reader.take()
    assert process.stdout is not None
    assert "030D45 is in the reader" in process.stdout.readline()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_card_is_in_until_it_is_interrupted(
    folder: Path, reader: Reader, insert: Inserting, how: signal.Signals
) -> None:
    process = insert(folder, "30d45", reader.port)
    inserted(process, reader)
    assert reader.ask(SELECT_JPKI) == b"\x90\x00"
    process.send_signal(how)
    assert reader.is_empty()
    output, errors = process.communicate(timeout=SECONDS_MAX)
    assert (process.returncode, output, errors) == (0, "030D45 was taken out\n", "")


def test_another_process_takes_the_card_out(
    folder: Path, reader: Reader, insert: Inserting
) -> None:
    process = insert(folder, "30d45", reader.port)
    inserted(process, reader)
    assert said("remove", folder) == "030D45 was taken out\n"
    assert reader.is_empty()
    assert process.wait(SECONDS_MAX) == 0
    assert "no card is in the reader" in refused("remove", folder)
    inserted(insert(folder, "30d45", reader.port), reader)


SLOW = """
import signal, sys, time
from contextlib import suppress
from pathlib import Path
from counter_tui.virtual.holding import in_reader
signal.signal(signal.SIGTERM, signal.default_int_handler)
with in_reader(Path(sys.argv[1]), "030D45"):
    print("in", flush=True)
    with suppress(KeyboardInterrupt):
        time.sleep(20)
    time.sleep(0.5)
"""


def test_a_card_is_free_once_it_was_removed(folder: Path) -> None:
    slow = [sys.executable, "-c", SLOW, str(folder)]
    with subprocess.Popen(slow, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        said("remove", folder)
        said("lock", folder, "30d45")


def test_a_card_in_the_reader_is_left_alone(
    folder: Path, reader: Reader, insert: Inserting
) -> None:
    said("new", folder, "1")
    inserted(insert(folder, "30d45", reader.port), reader)
    for command in ("lock", "unlock"):
        assert refused(command, folder, "30d45") == "030D45 is in the reader; remove it first"
        said(command, folder, "1")
    assert "a card is in the reader already" in refused("insert", folder, "1")


def test_a_killed_process_leaves_no_card_in(
    folder: Path, reader: Reader, insert: Inserting
) -> None:
    process = insert(folder, "30d45", reader.port)
    inserted(process, reader)
    process.kill()
    process.wait()
    assert "no card is in the reader" in refused("remove", folder)
    said("lock", folder, "30d45")
    inserted(insert(folder, "30d45", reader.port), reader)


def test_a_wrong_pin_counts_though_the_process_is_killed(
    folder: Path, reader: Reader, insert: Inserting
) -> None:
    for left in (2, 1, 0):
        process = insert(folder, "30d45", reader.port)
        inserted(process, reader)
        reader.ask(SELECT_JPKI)
        assert reader.ask(VERIFY_WRONG) == bytes([0x63, 0xC0 | left])
        process.kill()
        process.wait()
    assert opened(folder / "030D45.json").tries_left(PinFile.USER_PIN) == 0


def test_no_reader_is_told(folder: Path, reader: Reader) -> None:
    reader.go()
    line = refused("insert", folder, "30d45", "--port", reader.port)
    assert line == f"no vpcd listens on port {reader.port}: apt-get install pcscd vsmartcard-vpcd"
    assert "no vpcd listens" in refused("insert", folder, "30d45", "--port", 65536)
    assert "no card is in the reader" in refused("remove", folder)


def test_a_reader_that_goes_is_told(folder: Path, reader: Reader, insert: Inserting) -> None:
    process = insert(folder, "30d45", reader.port)
    inserted(process, reader)
    reader.go()
    output, errors = process.communicate(timeout=SECONDS_MAX)
    assert (process.returncode, output) == (1, "")
    assert errors == "Error: the card is out: vpcd is gone\n"


def test_a_reader_that_is_occupied_is_told(
    folder: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection waits to be taken, as it does where vpcd has another card."""
    monkeypatch.setattr(holding, "SECONDS_MAX", 0.2)
    line = refused("insert", folder, "30d45", "--port", reader.port)
    assert line == "the reader does not take the card: is another one in it?"
