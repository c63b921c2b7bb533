"""The command jichipoint-demo, which `make run` starts."""

import asyncio
import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from counter_tui.core import files
from demo.processes import DemoError, Places, command, make_town, start

_WORDS = {
    "ja": {
        "hint": "デモ用: 端末ID {terminal_id}  端末パスワード {password}",
        "lies": "デモの記録は次の場所にあります。",
        "ledger": "台帳 (SQLite)",
        "spool": "商店街の連携フォルダ",
        "street_points": "商店街ポイントシステムの例 (SQLite)",
        "receipts": "レシート (ESC/POS)",
        "running": "この作業フォルダのデモはすでに動いています。先にそちらを終了してください。",
    },
    "en": {
        "hint": "Demo: terminal ID {terminal_id}  password {password}",
        "lies": "This is where the demo keeps its records:",
        "ledger": "ledger (SQLite)",
        "spool": "the street's spool folder",
        "street_points": "the example of a street's point system (SQLite)",
        "receipts": "receipts (ESC/POS)",
        "running": "The demo of this checkout is running already. End that one first.",
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
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    folder = folder.absolute()
    try:
        with _only_one(folder, language):
            if interactive:
                _run_counter(Places(folder, counter), language, fresh=fresh)
            else:
                _play(Places(folder.with_name(f"{folder.name}-selfplay")), language)
    except DemoError as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def _only_one(folder: Path, language: str) -> Iterator[None]:
    """Hold the checkout's lock, or raise DemoError where another demo holds it."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_name(f"{folder.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DemoError(_WORDS[language]["running"]) from None
            yield
    except OSError as error:
        raise DemoError(f"the folder {folder.parent} cannot be used: {error}") from error


def _start_over(places: Places) -> None:
    if places.folder.exists():
        shutil.rmtree(places.folder)
    places.folder.mkdir(parents=True)


def _hint(places: Places, language: str) -> str:
    town = json.loads(places.town.read_text("utf-8"))
    terminal_id = town[_TERMINALS[places.counter]]
    return _WORDS[language]["hint"].format(terminal_id=terminal_id, password=town["password"])


def _run_counter(places: Places, language: str, *, fresh: bool) -> None:
    if fresh:
        _start_over(places)
    make_town(places)
    asyncio.run(_beside_counter(places, language))
    words = _WORDS[language]
    click.echo(words["lies"])
    for name in ("ledger", "spool", "street_points", "receipts"):
        click.echo(f"  {words[name]}: {os.path.relpath(getattr(places, name))}")


async def _beside_counter(places: Places, language: str) -> None:
    running = await start(places)
    try:
        files.replace(places.hint, _hint(places, language).encode())
        line = _counter_line(places, running.address, language)
        await asyncio.to_thread(subprocess.run, line, check=False)
    finally:
        await running.stop()


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

    _start_over(places)
    make_town(places)
    asyncio.run(play(places, language, _hint(places, language)))


if __name__ == "__main__":
    main()
