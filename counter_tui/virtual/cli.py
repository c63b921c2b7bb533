"""The command jichipoint-card: virtual My Number cards for tests, and a reader to put them in."""

import re
import signal
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from counter_tui.core.tokyo import TOKYO
from counter_tui.own_terminal import speak_utf8
from counter_tui.virtual import card_header
from counter_tui.virtual.card_header import CardFileError, CardHeader, canonical, card_path

PORT = 35963
"""Of vpcd's first slot."""
GOOD_FROM = 2020
"""The year in which certificates begin to be good, so that a card can have run out."""
GOOD_DAYS = 5 * 365
PINS = {
    "user": ("D392F000260100000001", 0x0018),
    "signature": ("D392F000260100000001", 0x001B),
    "code-b": ("D3921000310001010408", 0x0015),
}
"""Application and file of each PIN that `lock` knows."""


class _Commands(click.Group):
    """Tells what cannot be done in one line."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except CardFileError as error:
            raise click.ClickException(str(error)) from error


class _DayOption(click.ParamType[date]):
    name = "yyyy-mm-dd"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").replace(tzinfo=TOKYO).date()
        except ValueError:
            self.fail(f"{str(value)!r} is no day like 2026-07-01", param, ctx)


def _matching(pattern: str, wanted: str) -> Callable[[click.Context, click.Parameter, str], str]:
    """Return what refuses text of any other form."""

    def check(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise click.BadParameter(wanted)
        return value

    return check


_folder = click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
_serial = click.argument("serial")


@click.group(cls=_Commands)
@click.version_option(package_name="jichipoint", prog_name="jichipoint-card")
def main() -> None:
    """Make virtual My Number cards for tests, and put them into a virtual reader.

    A FOLDER holds a test authority and its cards; SERIAL is a card's serial number in
    hexadecimal digits.
    """
    speak_utf8()


@main.command()
@_folder
def authority(folder: Path) -> None:
    """Make a test authority in FOLDER, where there is none yet."""
    from counter_tui.virtual.card_file import save_issuing  # noqa: PLC0415
    from counter_tui.virtual.citizen import Issuing  # noqa: PLC0415

    save_issuing(folder, Issuing.new(datetime.now(UTC)))
    click.echo(f"{folder}: a test authority was made; only its certificates are to be trusted")


@main.command()
@_folder
@_serial
@click.option("--label", default="桜井 花子", show_default=True, help="The holder's name.")
@click.option(
    "--last-good-day",
    type=_DayOption(),
    help="Of the certificates; in about five years, if not given.",
)
@click.option(
    "--pin",
    callback=_matching("[0-9]{4}", "four digits"),
    default="1234",
    show_default=True,
    help="Of the user-authentication certificate.",
)
@click.option(
    "--password",
    callback=_matching("[A-Z0-9]{6,16}", "6 to 16 of A-Z and 0-9"),
    default="ABC123",
    show_default=True,
    help="Of the signature certificate.",
)
@click.option("--child", is_flag=True, help="Without a signature certificate.")
def new(
    folder: Path,
    serial: str,
    *,
    label: str,
    last_good_day: date | None,
    pin: str,
    password: str,
    child: bool,
) -> None:
    """Make a card of the test authority in FOLDER."""
    from counter_tui.virtual.card_file import load_issuing, save  # noqa: PLC0415
    from counter_tui.virtual.citizen import Person, Secrets  # noqa: PLC0415

    day = last_good_day or datetime.now(TOKYO).date() + timedelta(days=GOOD_DAYS)
    if day.year <= GOOD_FROM:
        raise click.BadParameter(f"after {GOOD_FROM}", param_hint="--last-good-day")
    header = CardHeader(label, canonical(serial), day)
    path = card_path(folder, header.serial_number)
    if path.exists():
        raise click.ClickException(f"{path} is there already")
    card = load_issuing(folder).card(
        int(header.serial_number, 16),
        header.last_good_day,
        good_from=datetime(GOOD_FROM, 1, 1, tzinfo=UTC),
        person=Person(name=label.replace(" ", "\u3000")),
        secrets=Secrets(user_pin=pin, signature_password=password),
        of_child=child,
    )
    save(path, header, card)
    click.echo(_shown(header))


@main.command("list")
@_folder
def list_cards(folder: Path) -> None:
    """List the cards in FOLDER: serial number, last good day, label."""
    for header in card_header.listed(folder):
        click.echo(_shown(header))


@main.command()
@_folder
@_serial
@click.option("--port", default=PORT, show_default=True, help="Of vpcd's slot.")
def insert(folder: Path, serial: str, port: int) -> None:
    """Hold a card in vpcd until Ctrl-C or `remove`."""
    from counter_tui.virtual.card_file import load  # noqa: PLC0415
    from counter_tui.virtual.holding import HeldCard, in_reader  # noqa: PLC0415

    # A request to end is an interruption, as from the keyboard.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    number = canonical(serial)
    try:
        with in_reader(folder, number), HeldCard(load(card_path(folder, number)), port) as held:
            click.echo(f"{number} is in the reader until Ctrl-C or `remove`")
            held.wait()
    except KeyboardInterrupt:
        click.echo(f"{number} was taken out")


@main.command()
@_folder
def remove(folder: Path) -> None:
    """Take out the card that `insert` holds."""
    from counter_tui.virtual.holding import take_out  # noqa: PLC0415

    click.echo(f"{take_out(folder)} was taken out")


@main.command()
@_folder
@_serial
@click.option("--which", type=click.Choice(list(PINS)), default="user", show_default=True)
def lock(folder: Path, serial: str, which: str) -> None:
    """Leave a PIN of a card no try, as too many wrong ones would."""
    from counter_tui.virtual.card_file import load  # noqa: PLC0415
    from counter_tui.virtual.holding import refuse_in_reader  # noqa: PLC0415

    number = canonical(serial)
    refuse_in_reader(folder, number)
    application, pin_file = PINS[which]
    load(card_path(folder, number)).lock(bytes.fromhex(application), pin_file)
    click.echo(f"{number}: {which} is locked")


@main.command()
@_folder
@_serial
def unlock(folder: Path, serial: str) -> None:
    """Give every PIN of a card all its tries."""
    from counter_tui.virtual.card_file import load  # noqa: PLC0415
    from counter_tui.virtual.holding import refuse_in_reader  # noqa: PLC0415

    number = canonical(serial)
    refuse_in_reader(folder, number)
    load(card_path(folder, number)).unlock()
    click.echo(f"{number} is unlocked")


def _shown(header: CardHeader) -> str:
    return f"{header.serial_number}  {header.last_good_day}  {header.label}"


if __name__ == "__main__":
    main()
