"""The commands that look after the ledger."""

import json
import sys

import click

from server.db.engine import open_existing
from server.db.errors import UnusableDatabaseError
from server.ledger.verify import verify as verify_ledger

database_option = click.option(
    "--database",
    required=True,
    metavar="URL",
    help="The ledger: sqlite:///FILE or postgresql://USER@HOST/NAME.",
)


@click.group()
def ledger() -> None:
    """Look after the ledger."""


@ledger.command()
@database_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(database: str, as_json: bool) -> None:
    """Check sums, lots and entries; exit with 1 and name the first thing wrong."""
    try:
        result = verify_ledger(open_existing(database))
    except UnusableDatabaseError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        found = {"transactions": result.transactions, "lots": result.lots, "fault": result.fault}
        click.echo(json.dumps(found, ensure_ascii=False))
    elif result.fault:
        click.echo(f"WRONG: {result.fault}")
    else:
        click.echo(f"{result.transactions} transactions and {result.lots} lots agree")
    sys.exit(1 if result.fault else 0)
