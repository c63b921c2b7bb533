"""The simulation finds faults that are planted in vouchers.

A fault of a rule that many seeds have to be played for is looked for on SQLite alone.
"""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from server.clock import Moment
from server.ledger import sql_reader
from server.ledger.values import AccountKey, AccountKind, Booking, Entry, NewLot
from server.ledger.view import View
from server.vouchers import operations
from server.vouchers.operations import ExpireVoucherCommand
from server.vouchers.rules import redeemable
from server.vouchers.values import Voucher, VoucherState
from tests.server.support import CARD_A, CARD_B, MYKEY
from tests.simulation.simulator import Simulator

CITIZENS = {MYKEY[CARD_A]: "1", MYKEY[CARD_B]: "2"}


def test_it_finds_a_second_redemption(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def also_redeemed(voucher: Voucher, today: date, place_name: str) -> Voucher:
        redeemed = voucher.state(today) == VoucherState.REDEEMED
        return voucher if redeemed else redeemable(voucher, today, place_name)

    monkeypatch.setattr(operations, "redeemable", also_redeemed)
    assert simulator.finds()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_it_finds_a_voucher_that_ends_a_day_early(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def the_day_before(voucher: Voucher, today: date, place_name: str) -> Voucher:
        return redeemable(voucher, today + timedelta(days=1), place_name)

    monkeypatch.setattr(operations, "redeemable", the_day_before)
    assert simulator.finds()


def test_it_finds_a_lapse_that_returns_the_points(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = ExpireVoucherCommand.decide

    def returning(
        command: ExpireVoucherCommand, view: View, moment: Moment, number: str
    ) -> Booking:
        booking = decide(command, view, moment, number)
        out, lapsed = booking.entries
        holder = CITIZENS[booking.subject]
        account = AccountKey(lapsed.account.program_id, AccountKind.HELD, holder)
        lot = NewLot(moment.day, moment.day + timedelta(days=60))
        back = Entry(account, lapsed.points, lot)
        return replace(booking, entries=(out, back))

    monkeypatch.setattr(ExpireVoucherCommand, "decide", returning)
    assert simulator.finds()


def test_it_finds_vouchers_that_no_limit_counts(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_USED_BY_CITIZEN", "_USED_BY_CALLER"):
        text = getattr(sql_reader, name)
        monkeypatch.setattr(sql_reader, name, text.replace(", 'ISSUE'", ""))
    assert simulator.finds()
