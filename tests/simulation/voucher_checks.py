"""What has become of every voucher in the end."""

from server.db.queries import rows
from server.vouchers.values import VoucherKey
from tests.server.support import Town
from tests.simulation.model import Model
from tests.simulation.servers import Server

_VOUCHERS = """SELECT v.voucher_number, v.program_id, v.points, v.last_good_day,
    coalesce(s.kind, 'none'),
    (SELECT count(*) FROM voucher_reprint r WHERE r.transaction_id = v.transaction_id)
    FROM voucher v LEFT JOIN ledger_transaction s ON s.refers_to = v.transaction_id
    ORDER BY v.voucher_number"""
_OUTSTANDING = """SELECT CAST(coalesce(sum(e.points), 0) AS BIGINT) FROM entry e
    JOIN account a USING (account_id) WHERE a.kind = 'OUTSTANDING'"""
_OPEN = "SELECT CAST(coalesce(sum(points), 0) AS BIGINT) FROM voucher WHERE is_open"
_ENDS = {"OPEN": "none", "REDEEMED": "REDEEM", "CANCELLED": "CANCEL", "LAPSED": "EXPIRE"}
"""By state, the transaction that refers to the issue."""


def check_vouchers(town: Town, server: Server, model: Model) -> None:
    """Every voucher ended once at most, as the model says, and is read so."""
    vouchers = sorted(model.vouchers.by_number.items())
    assert [tuple(row) for row in rows(server.database, _VOUCHERS)] == [
        (
            number,
            one.issue.program,
            one.points,
            one.last_good_day.isoformat(),
            _ENDS[one.state],
            one.reprints,
        )
        for number, one in vouchers
    ]
    assert rows(server.database, _OUTSTANDING) == rows(server.database, _OPEN)
    found = server.store.look_up([VoucherKey(number) for number, _ in vouchers])
    for number, one in vouchers:
        read = found[VoucherKey(number)]
        assert read.state(town.clock.today) == one.state_on(town.clock.today)
        assert (read.settlement and read.settlement.place_id) == (one.place or None)
