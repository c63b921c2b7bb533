"""The process that keeps a town's server and street running while any counter is open there."""

import asyncio
import sys
from pathlib import Path

import click

from demo.locks import STEP_SECONDS, Kept, Locks
from demo.processes import ANY_PORT, LISTENING, DemoError, Places, make_town, start

BEGUN = "keeping the town"
"""The last word in the log of a keeper that was killed."""


@click.command()
@click.option("--folder", required=True, type=click.Path(path_type=Path), help="The town's.")
@click.option("--listen", default=ANY_PORT, show_default=True, help="The server's HOST:PORT.")
def main(folder: Path, listen: str) -> None:
    """Make the town where there is none, start its parts, and end with the last counter.

    Prints "listening on HOST:PORT" once the parts run, nothing where the town has a keeper.
    """
    try:
        with Locks(folder).keeper() as kept:
            if kept is not None:
                print(BEGUN, file=sys.stderr, flush=True)
                make_town(Places(folder))
                asyncio.run(_keep(Places(folder), kept, listen))
    except DemoError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


async def _keep(places: Places, kept: Kept, listen: str) -> None:
    running = await start(places, listen)
    try:
        kept.tell(running.address)
        print(f"{LISTENING}{running.address}", flush=True)
        while not kept.is_left():
            if trouble := running.trouble():
                raise DemoError(trouble)
            await asyncio.sleep(STEP_SECONDS)
    finally:
        await running.stop()


if __name__ == "__main__":
    main()
