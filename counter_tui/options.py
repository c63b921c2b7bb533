"""Options that several of the counter's commands have."""

from pathlib import Path

import click
import platformdirs

from counter_tui import texts

server_option = click.option(
    "--server", required=True, metavar="HOST:PORT", help="The ledger's server."
)
server_authority_option = click.option(
    "--server-authority",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The authority (PEM) of the server's certificate; once given it is kept, and no other is "
    "accepted. Not needed for a server on this machine.",
)
state_option = click.option(
    "--state",
    "state_folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=platformdirs.user_state_path("jichipoint"),
    show_default=True,
    help="Where this machine's registration and its outbox are kept.",
)
language_option = click.option(
    "--language", type=click.Choice(texts.LANGUAGES), default="ja", show_default=True
)

reader_option = click.option(
    "--reader",
    default="",
    metavar="NAME",
    help="A part of the card reader's name; of several readers the one counts whose card was put "
    "in last.",
)
virtual_cards_option = click.option(
    "--virtual-cards",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder of virtual cards, as jichipoint-card makes them, in place of a reader.",
)
printer_option = click.option(
    "--printer",
    default="",
    metavar="ADDRESS",
    help="The receipt printer: usb, usb:04b8:0202, tcp://HOST[:9100], serial:/dev/ttyUSB0 or "
    "file:/dev/usb/lp0.",
)
keymap_option = click.option(
    "--keymap",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A TOML file with other keys for actions.",
)
scanner_prefix_option = click.option(
    "--scanner-prefix",
    metavar="KEY",
    help="The key that the scanner sends before a code, such as f11, ctrl+b or ~. With it only "
    "what comes behind this key is a scan, however fast or slow.",
)
scanner_suffix_option = click.option(
    "--scanner-suffix",
    default="enter",
    show_default=True,
    metavar="KEY",
    help="The key that it sends behind a code; with --scanner-prefix.",
)
hint_option = click.option(
    "--hint-file",
    "hint",
    type=click.File(encoding="utf-8-sig", errors="replace"),
    callback=lambda _context, _option, file: file.read().strip() if file else None,
    help="A file with a line that the sign-in screen shows; it may hold a password.",
)
