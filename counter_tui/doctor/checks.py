"""The checks: each looks at one thing, and returns what it found."""

import asyncio
import codecs
import locale
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from counter_tui import texts
from counter_tui.calls.answers import TroubleError
from counter_tui.calls.server_certificate import CertificateTrouble
from counter_tui.card.my_number_card import MyNumberCard, PinFile
from counter_tui.card.reader import CardError, CardInserted, CardReader, ReaderDown
from counter_tui.card.texts import trouble_text
from counter_tui.card.working import read_certificate
from counter_tui.core.machine import MachineError, machine_fingerprint
from counter_tui.core.settings import State, StateError
from counter_tui.printers.address import UnusableAddressError, parse_address
from counter_tui.printers.printer import Trouble
from counter_tui.printers.texts import trouble_text as printer_trouble_text
from counter_tui.printers.transports import open_printer
from counter_tui.texts import _

READER_SECONDS = 3.0
CLOCK_OFF_MAX = timedelta(minutes=1)
COLUMNS_MIN, ROWS_MIN = 80, 24


class Verdict(StrEnum):
    """How a check went."""

    GOOD = "GOOD"
    NOTE = "NOTE"
    """Not needed for all, or not to be told now."""
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, and what to do about it."""

    subject: str
    verdict: Verdict
    found: str
    advice: str = ""


class Server(Protocol):
    """What the checks need of the server."""

    async def server_time(self) -> datetime:
        """Return the server's clock. Raises TroubleError."""
        ...


def no_reader(why: str) -> Finding:
    """Say why no card reader can be looked at."""
    return Finding(_("カードリーダー"), Verdict.BAD, _("使えません。"), why)


async def check_reader(reader: CardReader) -> list[Finding]:
    """Look at the card reader, and at the card that is in it."""
    subject = _("カードリーダー")
    try:
        async with asyncio.timeout(READER_SECONDS):
            event = await anext(reader.events())
    except TimeoutError:
        return [
            Finding(subject, Verdict.GOOD, _("使えます。")),
            Finding(
                _("カード"),
                Verdict.NOTE,
                _("カードがセットされていません。"),
                _("カードも調べるには、セットしてからもう一度実行してください。"),
            ),
        ]
    match event:
        case ReaderDown(message):
            advice = _(
                "リーダーの接続と、pcscd が動いていることを確認してください"
                "(systemctl status pcscd)。"
            )
            found = _("使えません。") + f" ({message})"
            return [Finding(subject, Verdict.BAD, found, advice)]
        case CardInserted():
            return [Finding(subject, Verdict.GOOD, _("使えます。")), await _check_card(reader)]
    return [Finding(subject, Verdict.GOOD, _("使えます。"))]


async def _check_card(reader: CardReader) -> Finding:
    subject = _("カード")

    def look(card: MyNumberCard) -> tuple[str, int]:
        day = read_certificate(card).last_good_day
        return day.isoformat(), card.tries_left(PinFile.USER_PIN)

    try:
        day, tries = await reader.with_card(look, exclusive=False)
    except CardError as error:
        found, *_reason = trouble_text(error).splitlines()
        return Finding(subject, Verdict.BAD, f"{found} ({error.trouble})")
    text = _("読み取れます(証明書の有効期限 {day}、暗証番号の残り {tries} 回)。")
    return Finding(subject, Verdict.GOOD, text.format(day=day, tries=tries))


def check_printer(address: str) -> Finding:
    """Ask the receipt printer at an address how it is."""
    subject = _("プリンター")
    if not address:
        advice = _("レシートは画面で確認できます。ポイント券の発行にはプリンターが必要です。")
        return Finding(subject, Verdict.NOTE, _("設定されていません。"), advice)
    try:
        printer = open_printer(parse_address(address))
    except UnusableAddressError as error:
        advice = _("--printer の書き方を確認してください。")
        return Finding(subject, Verdict.BAD, str(error), advice)
    state = printer.state()
    if state.trouble is not None:
        found, advice = _in_two(printer_trouble_text(state.trouble))
        return Finding(subject, Verdict.BAD, f"{found} ({state.trouble})", advice)
    if state.paper_low:
        return Finding(subject, Verdict.NOTE, printer_trouble_text(Trouble.PAPER_LOW))
    if not state.can_tell:
        return Finding(subject, Verdict.GOOD, _("送信できます(状態は返さない機種です)。"))
    return Finding(subject, Verdict.GOOD, _("使えます。"))


async def check_server_and_clock(server: Server, address: str) -> list[Finding]:
    """Ask the server for its clock, and compare."""
    subject, clock = _("サーバー"), _("時計")
    before = datetime.now(UTC)
    try:
        there = await server.server_time()
    except TroubleError as trouble:
        return [_silence(subject, trouble, address), _no_clock()]
    took = datetime.now(UTC) - before
    off = abs(there - (before + took / 2))
    milliseconds = took // timedelta(milliseconds=1)
    reached = _("つながります({milliseconds} ミリ秒)。").format(milliseconds=milliseconds)
    answered = Finding(subject, Verdict.GOOD, reached)
    seconds = int(off.total_seconds())
    text = _("サーバーとの差は {seconds} 秒です。").format(seconds=seconds)
    if off <= CLOCK_OFF_MAX:
        return [answered, Finding(clock, Verdict.GOOD, text)]
    advice = _("時刻を合わせてください(timedatectl set-ntp true)。")
    return [answered, Finding(clock, Verdict.BAD, text, advice)]


def no_server(why: str) -> list[Finding]:
    """Say why the server cannot be asked with these settings."""
    found = _("この設定ではサーバーに接続できません。")
    return [Finding(_("サーバー"), Verdict.BAD, found, why), _no_clock()]


def _no_clock() -> Finding:
    return Finding(_("時計"), Verdict.NOTE, _("サーバーにつながらないため、比べられません。"))


def _silence(subject: str, trouble: TroubleError, address: str) -> Finding:
    if isinstance(trouble.reason, CertificateTrouble):
        return Finding(subject, Verdict.BAD, *_in_two(trouble.message))
    advice = _("ネットワークと、サーバーのアドレス({address})を確認してください。")
    return Finding(subject, Verdict.BAD, trouble.message, advice.format(address=address))


def _in_two(text: str) -> tuple[str, str]:
    """Return the sentence that says what is wrong, and those that say what to do."""
    end = "。" if texts.language() == "ja" else ". "
    found, _sep, advice = text.partition(end)
    return f"{found}{end}".strip(), advice


def check_registration(state_folder: Path) -> Finding:
    """Look at the terminal that is registered, and whether this is still its machine."""
    subject = _("端末登録")
    try:
        terminal_id = State(state_folder).registered_terminal()
        if terminal_id is None:
            advice = _("jichipoint-counter を起動し、端末IDと端末パスワードで登録してください。")
            return Finding(subject, Verdict.NOTE, _("まだ登録されていません。"), advice)
        machine_fingerprint(state_folder)
    except (StateError, MachineError) as error:
        advice = _("自治体の担当者に連絡してください。")
        return Finding(subject, Verdict.BAD, str(error), advice)
    text = _("端末ID {terminal_id} として登録されています。")
    return Finding(subject, Verdict.GOOD, text.format(terminal_id=terminal_id))


def check_terminal(*, is_terminal: bool, environment: Mapping[str, str]) -> Finding:
    """Look at the terminal that the application would be shown in."""
    subject = _("画面")
    if not is_terminal or environment.get("TERM", "dumb") == "dumb":
        advice = _("端末エミュレーターの中で実行してください。")
        return Finding(subject, Verdict.BAD, _("端末ではありません。"), advice)
    columns, rows = shutil.get_terminal_size()
    size = _("{columns} 桁×{rows} 行です。").format(columns=columns, rows=rows)
    if columns < COLUMNS_MIN or rows < ROWS_MIN:
        advice = _("80 桁×24 行以上に広げてください。")
        return Finding(subject, Verdict.BAD, size, advice)
    return Finding(subject, Verdict.GOOD, size)


def check_character_width(cells: int | None) -> list[Finding]:
    """Look at how wide the terminal draws what is ambiguous; nothing where it did not tell."""
    if cells is None:
        return []
    subject = _("文字の幅")
    found = _("「●」「█」などの文字は {cells} 桁で表示されます。").format(cells=cells)
    if cells == 1:
        return [Finding(subject, Verdict.GOOD, found)]
    advice = _(
        "端末エミュレーターの「曖昧な文字幅」(East Asian Ambiguous)を半角(1桁)に設定してください。"
    )
    return [Finding(subject, Verdict.BAD, found, advice)]


def check_locale() -> Finding:
    """Look at the character encoding."""
    subject = _("ロケール")
    encoding = locale.getpreferredencoding()
    if codecs.lookup(encoding).name != "utf-8":
        advice = _("LANG=ja_JP.UTF-8 または C.UTF-8 を設定してください。")
        text = _("文字コードが {encoding} です。").format(encoding=encoding)
        return Finding(subject, Verdict.BAD, text, advice)
    return Finding(subject, Verdict.GOOD, _("文字コードは UTF-8 です。"))
