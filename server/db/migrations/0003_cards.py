"""Cards: the amount from which a PIN is asked for, and renewed certificates."""

from peewee import Database

from server.db.dialect import Dialect, dialect_of


def statements(sql: Dialect) -> tuple[str, ...]:
    """Return the statements that make the new columns and tables."""
    return (
        f"""ALTER TABLE program ADD COLUMN pin_above_points {sql.integer}
            CHECK (pin_above_points >= 0)""",
        "ALTER TABLE certificate ADD COLUMN renews TEXT REFERENCES certificate",
        # The certification authority's list of renewed certificates (CRD-4).
        f"""CREATE TABLE certificate_renewal (
            serial_number TEXT NOT NULL PRIMARY KEY,
            renews TEXT NOT NULL CHECK (renews <> serial_number),
            {sql.day("last_good_day")},
            CHECK ({sql.only("serial_number", "0-9A-F")})
        ){sql.keyed_table}""",
    )


def up(migrator: object, db: Database) -> None:  # noqa: ARG001
    """Add what is new."""
    for statement in statements(dialect_of(db)):
        db.execute_sql(statement)
