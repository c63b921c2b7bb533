"""A whole day at a terminal of 80×24 by keys alone, in a process of its own."""

import re
from pathlib import Path

from server.upkeep.demo_data import TERMINAL, VOUCHER_TERMINAL
from tests.end_to_end.hands import Hands, counter_line
from tests.end_to_end.support import BALANCE, Place, ServerProcess
from tests.paper.renderer import render

SPEND_KEYS_MAX = 6
"""After the card is in, besides the amount's digits."""
VOUCHERS = (100, 200, 300)


def test_a_day_by_keys_alone(place_of_now: Place, server_process: ServerProcess) -> None:
    place = place_of_now
    paper = place.folder / "chamber.escpos"
    with Hands(_line(place, server_process, "chamber", paper)) as hands:
        _register(hands, VOUCHER_TERMINAL, place.town.password)
        codes = _issue(hands, paper)
        hands.press("F10")
        hands.ended()
    paper = place.folder / "shop.escpos"
    with Hands(_line(place, server_process, "shop", paper)) as hands:
        _register(hands, TERMINAL, place.town.password)
        _spend(hands, "500")
        _cancel_the_spend(hands)
        _redeem(hands, codes)
        _reprint(hands, paper)
        _print_totals(hands, paper)
        hands.press("F10")
        hands.ended()
    kinds = place.rows("SELECT kind, count(*) FROM ledger_transaction GROUP BY kind")
    assert dict(kinds) == {"GRANT": 6, "SPEND": 1, "CANCEL": 1, "ISSUE": 3, "REDEEM": 3}
    assert place.balance() == BALANCE - sum(VOUCHERS)
    assert place.waiting() == []


def test_a_use_by_the_numeric_keypad(place_of_now: Place, server_process: ServerProcess) -> None:
    """Its Enter is another key than the main one where the terminal is in application mode."""
    place = place_of_now
    with Hands(_line(place, server_process, "shop", place.receipts)) as hands:
        _register(hands, TERMINAL, place.town.password)
        hands.press("1")
        hands.read("ポイント利用 カード読取・ポイント数入力")
        _put_card_in(hands)
        hands.read("1,730pt", "980pt")
        hands.keypad("1")
        hands.read("選択:")
        hands.keypad(*"500", "Enter")
        hands.read("ポイント利用 確認", "1,230pt")
        hands.keypad("Enter")
        hands.read("ポイント利用が完了しました。")
        hands.keypad("Enter")
        hands.read("ポイント利用 カード読取・ポイント数入力", "1,230pt")
    assert place.booked() == [("SPEND", 500)]


def _line(place: Place, server: ServerProcess, name: str, paper: Path) -> list[str]:
    return counter_line(
        *("--server", server.address),
        *("--state", place.folder / name),
        *("--spool", place.spool),
        *("--virtual-cards", place.folder / "cards"),
        *("--printer", f"file:{paper}"),
    )


def _register(hands: Hands, terminal: str, password: str) -> None:
    hands.read("端末IDと端末パスワードの登録", "● 接続中")
    hands.type(terminal)
    hands.press("Tab")
    hands.type(password)
    hands.press("Enter")
    hands.read("自治体ポイント管理クラウドへ")
    hands.press("Up")
    hands.press("Enter")
    hands.read("ポイントメニュー", "ポイント券消込")


def _put_card_in(hands: Hands) -> None:
    hands.press("F9")
    hands.read("仮想カードリーダー")
    hands.press("1")


def _spend(hands: Hands, points: str) -> None:
    hands.press("1")
    hands.read("ポイント利用 カード読取・ポイント数入力")
    _put_card_in(hands)
    hands.read("1,130pt", "980pt")
    keys_before = hands.keys
    hands.press("1")
    hands.read("選択:")
    hands.type(points)
    hands.press("Enter")
    hands.read("ポイント利用 確認", "630pt")
    hands.confirm()
    hands.read("ポイント利用が完了しました。")
    hands.press("Enter")
    hands.read("ポイント利用 カード読取・ポイント数入力", "630pt")
    assert hands.keys - keys_before - len(points) <= SPEND_KEYS_MAX
    hands.press("Escape")
    hands.read("ポイントメニュー")


def _cancel_the_spend(hands: Hands) -> None:
    hands.press("4")
    hands.read("本日の取引・日計", "500pt")
    hands.press("F4")
    hands.read("取消の理由")
    hands.press("1")
    hands.read("取消 確認", "ポイント数の打ち間違い")
    hands.confirm()
    hands.read("取消が完了しました。")
    hands.press("Enter")
    hands.read("本日の取引・日計", "取消済み")
    hands.press("Escape")
    hands.read("ポイントメニュー")


def _issue(hands: Hands, receipts: Path) -> list[str]:
    """Issue three vouchers, and read their codes from the paper."""
    hands.press("1")
    hands.read("ポイント券発行 カード読取・ポイント数入力")
    _put_card_in(hands)
    for points in VOUCHERS:
        hands.read("ポイント券発行 カード読取・ポイント数入力", "選択:")
        hands.type(str(points))
        hands.press("Enter")
        hands.read("ポイント券発行 確認")
        hands.confirm()
        hands.read("ポイント券を印字しました。")
        hands.press("Enter")
    hands.read("ポイント券発行 カード読取・ポイント数入力")
    hands.press("Escape")
    hands.read("ポイントメニュー")
    codes = [text for kind, text in render(receipts.read_bytes()).codes() if "QR" in kind]
    assert len(set(codes)) == len(VOUCHERS)
    return codes


def _redeem(hands: Hands, codes: list[str]) -> None:
    """Read each code and redeem it by its Enter; a code read again says where it went."""
    hands.press("2")
    hands.read("ポイント券消込", "今回の消込 0枚")
    sums = (100, 300, 600)
    for count, (code, total) in enumerate(zip(codes, sums, strict=True), start=1):
        hands.scan(code)
        hands.read("利用できます", "よろしければEnterで消し込みます。")
        hands.confirm()
        hands.read(f"今回の消込 {count}枚 {total}pt", "ポイント券利用が完了しました。")
    hands.scan(codes[0])
    hands.read("消込済み", "このポイント券はすでに消し込まれています(花田酒店")
    hands.press("Escape")
    hands.read("ポイントメニュー")


def _reprint(hands: Hands, paper: Path) -> None:
    hands.press("4")
    hands.read("本日の取引・日計", "券消込 3件 600pt")
    hands.press("F8")
    hands.read("レシートを印字しました(取引済番号: ")
    lines = render(paper.read_bytes()).lines
    assert "利用ポイント数 300ポイント" in lines, lines


def _print_totals(hands: Hands, paper: Path) -> None:
    before = len(render(paper.read_bytes()).lines)
    hands.press("F3")
    hands.read("日計を印字しました。")
    printed = "\n".join(render(paper.read_bytes()).lines[before:])
    assert re.search(r"\[ポイント券消込\]\n.*\n3件 600ポイント\n", printed), printed
