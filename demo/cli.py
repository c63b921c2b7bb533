"""The command jichipoint-demo, which `make run` starts."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path

import click

from counter_tui.core import files
from counter_tui.own_terminal import speak_utf8
from demo.locks import Locks
from demo.processes import DemoError, Places, command, make_town, with_parent
from demo.town import Town

_WORDS = {
    "ja": {
        "hint": "デモ用: 端末ID {terminal_id}  端末パスワード {password}",
        "lies": "デモの記録は次の場所にあります。",
        "ledger": "台帳 (SQLite)",
        "spool": "商店街の連携フォルダ",
        "street_points": "商店街ポイントシステムの例 (SQLite)",
        "receipts": "レシート (ESC/POS)",
        "goes_on": "ほかの窓口が開いているので、デモの町は動き続けます。",
        "started_again": "途中で町が止まったため、もう一度起動しました: {trouble}",
        "open_already": "この窓口 (COUNTER={counter}) はすでに開いています。"
        "別の窓口は COUNTER={others} で開けます。",
        "in_use": "この町の窓口が開いています。すべて終了してから FRESH=1 でやり直してください。",
        "plays_already": "自動のデモがすでに動いています。終わってからもう一度実行してください。",
    },
    "en": {
        "hint": "Demo: terminal ID {terminal_id}  password {password}",
        "lies": "This is where the demo keeps its records:",
        "ledger": "ledger (SQLite)",
        "spool": "the street's spool folder",
        "street_points": "the example of a street's point system (SQLite)",
        "receipts": "receipts (ESC/POS)",
        "goes_on": "Another counter is open: the demo town goes on.",
        "started_again": "The town had ended and was started again: {trouble}",
        "open_already": "This counter (COUNTER={counter}) is open already. "
        "Others open with COUNTER={others}.",
        "in_use": "A counter of this town is open. End them all, then start over with FRESH=1.",
        "plays_already": "The demo plays by itself already. Run it again once that has ended.",
    },
}
_TERMINALS = {
    "shop": "terminal_id",
    "chamber": "voucher_terminal_id",
    "library": "library_terminal_id",
    "kiosk": "kiosk_terminal_id",
}
"""Whose counter it can be, and where the town names its terminal."""


@click.command()
@click.version_option(package_name="jichipoint", prog_name="jichipoint-demo")
@click.option(
    "--folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="Its records."
)
@click.option("--language", type=click.Choice(sorted(_WORDS)), default="ja", show_default=True)
@click.option("--fresh", is_flag=True, help="Start over with a new town.")
@click.option(
    "--counter",
    type=click.Choice(sorted(_TERMINALS)),
    default="shop",
    show_default=True,
    help="Whose: the shop's, the chamber's, which issues vouchers, the library's, or a kiosk.",
)
def main(folder: Path, language: str, fresh: bool, counter: str) -> None:
    """Start a demo town: server, a street's point system, and a counter in this terminal.

    Without a terminal the day is played by itself, in a new town of its own.
    """
    speak_utf8()
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    folder = folder.absolute()
    try:
        if interactive:
            _run_counter(Places(folder, counter), language, fresh=fresh)
        else:
            _play(Places(folder.with_name(f"{folder.name}-selfplay")), language)
    except DemoError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"the folder {folder} cannot be used: {error}") from error


def _start_over(places: Places) -> None:
    """Make the folder new. Raises DemoError where it is no demo's: nothing in it goes then."""
    if places.folder.exists():
        if any(places.folder.iterdir()) and not places.town.exists():
            raise DemoError(f"{places.folder} is no demo's folder: name a new one")
        shutil.rmtree(places.folder)
    places.folder.mkdir(parents=True)


def _hint(places: Places, language: str) -> str:
    town = json.loads(places.town.read_text("utf-8"))
    terminal_id = town[_TERMINALS[places.counter]]
    return _WORDS[language]["hint"].format(terminal_id=terminal_id, password=town["password"])


def _run_counter(places: Places, language: str, *, fresh: bool) -> None:
    words = _WORDS[language]
    locks = Locks(places.folder)
    others = "|".join(name for name in _TERMINALS if name != places.counter)
    already = words["open_already"].format(counter=places.counter, others=others)
    with locks.only_one(places.counter, words["in_use"] if fresh else already):
        if fresh:
            with locks.empty(words["in_use"]):
                _start_over(places)
        with locks.member():
            town = Town(places, locks)
            code = asyncio.run(_beside_counter(places, town, language))
    for trouble in town.troubles:
        click.echo(words["started_again"].format(trouble=trouble))
    click.echo(words["lies"])
    for name in ("ledger", "spool", "street_points", "receipts"):
        click.echo(f"  {words[name]}: {os.path.relpath(getattr(places, name))}")
    if not locks.is_empty():
        click.echo(words["goes_on"])
    sys.exit(code)


async def _beside_counter(places: Places, town: Town, language: str) -> int:
    """Run the counter until it ends, and return its exit code. Raises DemoError."""
    address = await town.join()
    files.replace(places.hint, _hint(places, language).encode())
    line = with_parent(_counter_line(places, address, language), "TERM")
    counter = await asyncio.create_subprocess_exec(*line)
    stays = asyncio.create_task(town.stay(address))
    ends = asyncio.create_task(counter.wait())
    await asyncio.wait((stays, ends), return_when=asyncio.FIRST_COMPLETED)
    if not ends.done():
        counter.terminate()
        await ends
        await stays
    stays.cancel()
    return ends.result()


def _counter_line(places: Places, server: str, language: str) -> list[str]:
    is_kiosk = places.counter == "kiosk"
    paper = ("--spool", places.spool, "--printer", f"file:{places.receipts}")
    return command(
        "counter_tui.cli",
        "kiosk" if is_kiosk else "run",
        *("--server", server),
        *("--state", places.state),
        *("--language", language),
        *("--virtual-cards", places.cards),
        *("--hint-file", places.hint),
        *(() if is_kiosk else paper),
    )


def _play(places: Places, language: str) -> None:
    from demo.selfplay import play  # noqa: PLC0415

    with Locks(places.folder).only_one("play", _WORDS[language]["plays_already"]):
        _start_over(places)
        make_town(places)
        asyncio.run(play(places, language, _hint(places, language)))


if __name__ == "__main__":
    main()
