"""読取: what a street's driver may do, and what it is answered (CRD-7)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from counter_tui.card.reader import CardError, CardTrouble
from counter_tui.card.users_card import DriverError, Reading, read_number
from counter_tui.virtual.card import VirtualCard
from counter_tui.virtual.contactless import ContactlessCard
from counter_tui.virtual.reader import BoxedCard, VirtualReader

Install = Callable[[str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a package whose driver `street` is `read` of the source given."""
    module = f"driver_{tmp_path.name}"

    def into_path(source: str) -> None:
        (tmp_path / f"{module}.py").write_text(source)
        metadata = tmp_path / "street-1.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: street\nVersion: 1\n")
        entry = f"[jichipoint.card_drivers]\nstreet = {module}:read\n"
        (metadata / "entry_points.txt").write_text(entry)
        monkeypatch.syspath_prepend(tmp_path)

    return into_path


async def read(card: VirtualCard | None = None, reading: Reading = Reading.DRIVER) -> str:
    reader = VirtualReader([BoxedCard("", lambda: card or VirtualCard({}))])
    reader.insert(0)
    return await read_number(reader, reading, "street")


@pytest.mark.parametrize("identifier", ["0123456789ABCDEF", "04112233", "04112233445566"])
async def test_the_identifier_is_the_number(identifier: str) -> None:
    card = ContactlessCard(bytes.fromhex(identifier))
    assert await read(card, Reading.CONTACTLESS_ID) == identifier


async def test_an_identifier_that_changes_is_none() -> None:
    with pytest.raises(DriverError, match="names nobody"):
        await read(ContactlessCard(bytes.fromhex("08112233")), Reading.CONTACTLESS_ID)


async def test_a_card_without_identifier() -> None:
    with pytest.raises(CardError) as caught:
        await read(reading=Reading.CONTACTLESS_ID)
    assert caught.value.trouble is CardTrouble.FOREIGN


async def test_a_driver_speaks_with_the_card(install: Install) -> None:
    install("def read(transmit): return transmit(bytes.fromhex('FFCA000000')).hex()")
    assert await read(ContactlessCard(bytes.fromhex("04112233"))) == "041122339000"


async def test_none_is_installed() -> None:
    with pytest.raises(DriverError, match="street is not installed"):
        await read()


@pytest.mark.parametrize("source", ["", "import nothing_of_this_name", "1 / 0", "def read("])
async def test_a_driver_that_cannot_be_loaded(install: Install, source: str) -> None:
    install(source)
    with pytest.raises(DriverError, match="street cannot be loaded"):
        await read()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("1 / 0", "failed: ZeroDivisionError"),
        ("return 5", "gave no text"),
        ("pass", "gave no text"),
    ],
)
async def test_a_driver_that_fails(install: Install, body: str, says: str) -> None:
    install(f"def read(transmit): {body}")
    with pytest.raises(DriverError, match=says):
        await read()


async def test_what_a_driver_says_itself_is_told_as_it_is(install: Install) -> None:
    install(
        "from counter_tui.card.users_card import DriverError\n"
        "def read(transmit): raise DriverError('期限が切れたカードです。')"
    )
    with pytest.raises(DriverError, match=r"^期限が切れたカードです。$"):
        await read()
