"""Serial numbers of certificates without leading zeros: one number is kept in one form."""

from collections.abc import Iterator

from peewee import Database

from server.db.queries import change, rows

UNIQUE = (
    ("certificate", "serial_number"),
    ("certificate_renewal", "serial_number"),
    ("signature_renewal", "serial_number"),
    ("signature_renewal", "renews"),
)
"""Where a number stands once; of two forms of one number one is dropped."""
SELF = ("certificate_renewal", "signature_renewal")
"""What renews itself says nothing."""


def short(column: str) -> str:
    """Return the expression for a number without its leading zeros."""
    return f"coalesce(nullif(ltrim({column}, '0'), ''), '0')"


CHANGED = (
    f"""UPDATE certificate SET serial_number = {short("serial_number")}, renews = CASE
        WHEN renews IS NOT NULL THEN {short("renews")} END
        WHERE substr(serial_number, 1, 1) = '0' OR substr(renews, 1, 1) = '0'""",  # noqa: S608
    *(
        f"""UPDATE {table} SET serial_number = {short("serial_number")}, renews = {short("renews")}
        WHERE substr(serial_number, 1, 1) = '0' OR substr(renews, 1, 1) = '0'"""  # noqa: S608
        for table in SELF
    ),
    f"""UPDATE mykey_attempt SET serial_number = {short("serial_number")}
        WHERE substr(serial_number, 1, 1) = '0'""",  # noqa: S608
    f"""UPDATE service_id SET signature_serial_number = {short("signature_serial_number")}
        WHERE substr(signature_serial_number, 1, 1) = '0'""",  # noqa: S608
    f"""UPDATE address_notice SET signature_serial_number = {short("signature_serial_number")}
        WHERE substr(signature_serial_number, 1, 1) = '0'
        AND NOT EXISTS (SELECT 1 FROM address_notice o
            WHERE o.issuer_id = address_notice.issuer_id
            AND o.customer_id = address_notice.customer_id
            AND o.signature_serial_number = {short("address_notice.signature_serial_number")})""",  # noqa: S608
)
"""Numbers and what refers to them in one statement: references hold when it ends."""


def up(migrator: object, db: Database) -> None:  # noqa: ARG001
    """Change what there is."""
    for table in SELF:
        change(db, f"DELETE FROM {table} WHERE {short('serial_number')} = {short('renews')}")  # noqa: S608
    for table, column in UNIQUE:
        for kept, dropped in _doubles(db, table, column):
            if table == "certificate":
                change(db, "UPDATE certificate SET renews = ? WHERE renews = ?", kept, dropped)
            change(db, f"DELETE FROM {table} WHERE {column} = ?", dropped)  # noqa: S608
    for statement in CHANGED:
        change(db, statement)


def _doubles(db: Database, table: str, column: str) -> Iterator[tuple[str, str]]:
    """Give of each number that has several forms the one that is kept, and each other.

    The form of six digits is kept, which servers wrote of cards that they had read.
    """
    written = [
        str(row[0])
        for row in rows(
            db,
            f"SELECT {column} FROM {table} WHERE substr({column}, 1, 1) = '0' ORDER BY 1",  # noqa: S608
        )
    ]
    forms: dict[str, list[str]] = {}
    for one in written:
        forms.setdefault(one.lstrip("0") or "0", []).append(one)
    for number, some in forms.items():
        there = rows(db, f"SELECT 1 FROM {table} WHERE {column} = ?", number)  # noqa: S608
        known = [*some, number] if there and number not in some else some
        kept = number.zfill(6) if number.zfill(6) in known else known[-1]
        yield from ((kept, one) for one in known if one != kept)
