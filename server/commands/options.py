"""Options that several commands have."""

from pathlib import Path

import click

from server.secrets import MASTER_KEY_VARIABLE
from server.timekeeping.values import QUIET_HOURS_LEAST, QUIET_HOURS_MAX, QUIET_HOURS_MOST

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
json_lines_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
master_key_option = click.option(
    "--master-key-file",
    type=click.Path(path_type=Path),
    help=f"The file with the master key; else {MASTER_KEY_VARIABLE} holds it.",
)
quiet_hours_option = click.option(
    "--quiet-hours-max",
    type=click.IntRange(QUIET_HOURS_LEAST, QUIET_HOURS_MOST),
    default=QUIET_HOURS_MAX,
    show_default=True,
    help="So long the ledger may have no booking and no nightly run before what acts by the day "
    "waits until an operator confirms the day.",
)
