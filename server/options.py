"""Options that several commands have."""

from pathlib import Path

import click

from server.secrets import MASTER_KEY_VARIABLE

database_option = click.option(
    "--database",
    required=True,
    metavar="URL",
    help="The ledger: sqlite:///FILE or postgresql://USER@HOST/NAME.",
)
DEFAULT_ADDRESS = "127.0.0.1:50051"
listen_option = click.option(
    "--listen", default=DEFAULT_ADDRESS, metavar="HOST:PORT", show_default=True
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
master_key_option = click.option(
    "--master-key-file",
    type=click.Path(path_type=Path),
    help=f"The file with the master key; else {MASTER_KEY_VARIABLE} holds it.",
)
