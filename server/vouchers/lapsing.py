"""Which vouchers have lapsed and are not booked as such (VCH-7)."""

from datetime import date

from peewee import Database

from server.db.queries import rows

_LAPSED = """SELECT voucher_number FROM voucher WHERE is_open AND last_good_day < ?
    ORDER BY last_good_day, transaction_id LIMIT ?"""


def lapsed_vouchers(database: Database, today: date, most: int) -> list[str]:
    """Return the numbers of open vouchers whose last good day is before today."""
    return [str(number) for (number,) in rows(database, _LAPSED, today.isoformat(), most)]
