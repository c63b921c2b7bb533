"""The command jichipoint-counter."""

import asyncio
import gc
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from counter_tui import texts
from counter_tui.agent.cli import agent, card
from counter_tui.core.settings import Settings, StateError
from counter_tui.core.sole import AlreadyRunningError, sole
from counter_tui.doctor.cli import doctor
from counter_tui.options import (
    hint_option,
    keymap_option,
    language_option,
    printer_option,
    reader_option,
    scanner_prefix_option,
    scanner_suffix_option,
    server_authority_option,
    server_option,
    state_option,
    virtual_cards_option,
)
from counter_tui.own_terminal import own_terminal, speak_utf8
from counter_tui.texts import _

if TYPE_CHECKING:
    from counter_tui.app import CounterApp


class _RunsByDefault(click.Group):
    """A group whose options without a command are those of `run`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = ("--version", *ctx.help_option_names)
        if args and args[0] not in self.commands and args[0] not in own:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_RunsByDefault)
@click.version_option(package_name="jichipoint", prog_name="jichipoint-counter")
def main() -> None:
    """Run the counter application, or one of its helpers; without a command: run."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # read when gRPC is imported
    speak_utf8()


@main.command()
@server_option
@server_authority_option
@state_option
@click.option(
    "--spool",
    "spool_folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The street's folder for merge files.",
)
@language_option
@reader_option
@virtual_cards_option
@printer_option
@click.option(
    "--paper",
    type=click.Choice(["58", "80"]),
    default="58",
    show_default=True,
    callback=lambda _context, _option, value: int(value),
    help="The paper's width in millimetres.",
)
@click.option(
    "--printer-kanji/--no-printer-kanji",
    default=True,
    show_default=True,
    help="Whether the printer has Japanese characters; without them lines are pictures.",
)
@click.option(
    "--printer-codes/--no-printer-codes",
    default=True,
    show_default=True,
    help="Whether the printer draws QR codes and barcodes; else they are pictures.",
)
@click.option(
    "--receipt-font",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A Japanese font for what is printed as a picture.",
)
@click.option(
    "--type-with",
    type=click.Choice(["x11", "uinput"]),
    default="x11",
    show_default=True,
    help="What types numbers into the library's or street's own program.",
)
@keymap_option
@scanner_prefix_option
@scanner_suffix_option
@hint_option
def run(**options: Path | str | int | bool | None) -> None:
    """Run the counter application in this terminal."""
    _start(Settings(**options))  # type: ignore[arg-type]


@main.command()
@server_option
@server_authority_option
@state_option
@language_option
@reader_option
@virtual_cards_option
@keymap_option
@scanner_prefix_option
@scanner_suffix_option
@hint_option
def kiosk(state_folder: Path, **options: Path | str | None) -> None:
    """Run a kiosk in this terminal: citizens make and change their MyKey IDs.

    The staff sign it in; from then on it takes the terminal's password to leave it.
    """
    settings = Settings(
        state_folder=state_folder,
        spool_folder=state_folder / "spool",
        **options,  # type: ignore[arg-type]
    )
    _start(settings, is_kiosk=True)


def _start(settings: Settings, *, is_kiosk: bool = False) -> None:
    """Run where no other application runs with this state folder, which is told at once."""
    texts.use(settings.language)
    try:
        with sole(settings.state_folder):
            _run(settings, is_kiosk=is_kiosk)
    except AlreadyRunningError:
        raise click.ClickException(
            _(
                "この端末の窓口アプリはすでに動いています。その画面を使うか、"
                "終了してからもう一度起動してください。"
            )
        ) from None
    except StateError as error:
        raise click.ClickException(str(error)) from error


def _run(settings: Settings, *, is_kiosk: bool) -> None:
    gc.disable()  # until the first screen is there (idle_collection.py)
    # Textual reads these when it is imported: kitty's key reports break Japanese input
    # in several terminals, and animations drag the input method's window along.
    os.environ["TEXTUAL_DISABLE_KITTY_KEY"] = "1"
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    # A change is drawn at the next beat: at 60 a second it waits 8 ms, on average.
    os.environ["TEXTUAL_FPS"] = "1000"
    from counter_tui.compose import build  # noqa: PLC0415
    from counter_tui.devices import UnusableSettingsError  # noqa: PLC0415
    from counter_tui.faces.shop.face import SHOP  # noqa: PLC0415
    from counter_tui.shell.idle_collection import IdleCollection  # noqa: PLC0415

    face = SHOP
    if is_kiosk:
        from counter_tui.faces.kiosk.face import KIOSK  # noqa: PLC0415

        face = KIOSK
    try:
        collection = IdleCollection(time.monotonic)
        app = build(settings, collection=collection, face=face)
    except UnusableSettingsError as error:
        raise click.ClickException(str(error)) from error
    with own_terminal():
        asyncio.run(_until_ended(app))


async def _until_ended(app: "CounterApp") -> None:
    """Run the application; SIGTERM ends it as F10 does, and the terminal is as before."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, app.exit)
    await app.run_async()


main.add_command(agent)
main.add_command(card)
main.add_command(doctor)

if __name__ == "__main__":
    main()
