"""The command jichipoint-counter."""

import os
from pathlib import Path

import click
import platformdirs

from counter_tui import texts
from counter_tui.core.settings import Settings


@click.command()
@click.option("--server", required=True, metavar="HOST:PORT", help="The ledger's server.")
@click.option(
    "--state",
    "state_folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=platformdirs.user_state_path("jichipoint"),
    show_default=True,
    help="Where this machine's registration and its outbox are kept.",
)
@click.option(
    "--spool",
    "spool_folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The street's folder for merge files.",
)
@click.option("--language", type=click.Choice(texts.LANGUAGES), default="ja", show_default=True)
@click.option(
    "--reader",
    default="",
    metavar="NAME",
    help="A part of the card reader's name; without it the first one is used.",
)
@click.option(
    "--virtual-cards",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder of virtual cards, as jichipoint-card makes them, in place of a reader.",
)
@click.option(
    "--virtual-printer",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file that takes the bytes of a receipt printer.",
)
@click.option("--hint", help="A line that the sign-in screen shows.")
def main(**options: Path | str | None) -> None:
    """Run the counter application in this terminal."""
    settings = Settings(**options)  # type: ignore[arg-type]
    # Textual reads these when it is imported: kitty's key reports break Japanese input
    # in several terminals, and animations drag the input method's window along.
    os.environ["TEXTUAL_DISABLE_KITTY_KEY"] = "1"
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    from counter_tui.compose import UnusableSettingsError, build  # noqa: PLC0415

    try:
        app = build(settings)
    except UnusableSettingsError as error:
        raise click.ClickException(str(error)) from error
    app.run()


if __name__ == "__main__":
    main()
