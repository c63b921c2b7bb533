"""The form in which a ledger is carried from one database to another (docs/formats.md)."""

import base64
import binascii
import json
from dataclasses import dataclass

from peewee import Database

from server.db.engine import shown_name
from server.db.errors import UnusableDatabaseError

FORMAT = "jichipoint-ledger"
VERSION = 1
LINE_BYTES_MAX = 16 * 1024 * 1024

Value = str | int | bytes | None
Written = str | int | None

_KINDS = {
    "bigint": int,
    "integer": int,
    "boolean": bool,
    "text": str,
    "bytea": bytes,
    "blob": bytes,
}
"""What the engines call the types of columns."""


@dataclass(frozen=True, slots=True)
class CarriedTable:
    """A table that is carried."""

    name: str
    order: tuple[str, ...]
    """The columns by which its rows are ordered: the primary key, or all."""
    derived: tuple[str, ...] = ()
    """Columns that follow from other rows: they are not stored, but compared afterwards."""
    later: str | None = None
    """A column that may name a row further down: it is stored when all rows are there."""


TABLES = (
    CarriedTable("municipality", ("municipality_code",)),
    CarriedTable("program", ("program_id",)),
    CarriedTable("issuer", ("issuer_id",)),
    CarriedTable("place", ("place_id",), later="collecting_place_id"),
    CarriedTable("terminal", ("terminal_id",)),
    CarriedTable("terminal_contact", ("terminal_id",)),
    CarriedTable(
        "program_terminals",
        ("program_id", "municipality_code", "terminal_class", "issuer_id", "terminal_id"),
    ),
    CarriedTable("citizen", ("citizen_id",), later="joined_into"),
    CarriedTable("certificate", ("serial_number",), later="renews"),
    CarriedTable("certificate_renewal", ("serial_number",)),
    CarriedTable("service_id", ("issuer_id", "customer_id")),
    CarriedTable("citizen_profile", ("citizen_id",)),
    CarriedTable("mykey_event", ("caller", "request_id")),
    CarriedTable("wrong_mykey_password", ("terminal_id", "sequence")),
    CarriedTable("service_id_event", ("caller", "request_id")),
    CarriedTable("signature_renewal", ("serial_number",)),
    CarriedTable("address_notice", ("notice_id",)),
    CarriedTable("data_key", ("key_id",)),
    CarriedTable("street", ("issuer_id",)),
    CarriedTable("street_key", ("issuer_id", "key_id")),
    CarriedTable("client_certificate", ("fingerprint",)),
    CarriedTable("account", ("account_id",)),
    CarriedTable("lot", ("lot_id",), derived=("remaining",)),
    CarriedTable("entry", ("transaction_id", "sequence")),
    CarriedTable("ledger_transaction", ("transaction_id",)),
    CarriedTable("operation", ("caller", "request_id")),
    CarriedTable("day_note", ("note_id",)),
    CarriedTable("merge", ("transaction_id",)),
    CarriedTable("merge_event", ("transaction_id", "kind")),
    CarriedTable("hold", ("transaction_id",), derived=("is_open",)),
    CarriedTable("voucher_key", ("key_id",)),
    CarriedTable("voucher", ("transaction_id",), derived=("is_open",)),
    CarriedTable("voucher_reprint", ("transaction_id", "sequence")),
    CarriedTable("wrong_voucher_number", ("terminal_id", "sequence")),
    CarriedTable("audit_event", ("event_id",)),
    CarriedTable("audit_seal", ("first_event_id",)),
    CarriedTable("seal", ("first_transaction_id",)),
    CarriedTable("counter", ("name",)),
)
"""In an order in which every row finds those that it refers to, and triggers what they check."""

LEFT_OUT = (
    "session",
    "street_session",
    "schema_migration",
    "schema_lock",
    "job",
    "booking_check",
    "mykey_attempt",
    "mykey_candidate",
)
"""What belongs to one database, and not to the ledger in it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a carried table."""

    name: str
    kind: type
    nullable: bool

    def written(self, value: Value) -> Written:
        """Return a value as the file has it."""
        if isinstance(value, bytes):
            return base64.b64encode(value).decode("ascii")
        return int(value) if isinstance(value, int) else value

    def read(self, written: object) -> Value:
        """Return the value that the file has. Raises ValueError."""
        if written is None:
            return None
        if self.kind is str and isinstance(written, str):
            return written
        if self.kind is bytes and isinstance(written, str):
            try:
                return base64.b64decode(written, validate=True)
            except binascii.Error:
                raise ValueError(f"{self.name} is not base64") from None
        if self.kind in (int, bool) and isinstance(written, int) and not isinstance(written, bool):
            if self.kind is int and -(2**63) <= written < 2**63:
                return written
            if self.kind is bool and written in (0, 1):
                return bool(written)
        raise ValueError(f"{self.name} cannot be {json.dumps(written, ensure_ascii=False)[:40]}")


def columns_of(database: Database, table: CarriedTable) -> list[Column]:
    """Return a table's columns in the order of their names."""
    found = database.get_columns(table.name)
    if not found:
        raise UnusableDatabaseError(
            f"{shown_name(database)} is no ledger: it has no table {table.name}"
        )
    columns = (Column(one.name, _KINDS[one.data_type.lower()], one.null) for one in found)
    return sorted(columns, key=lambda column: column.name)


def line(content: object) -> bytes:
    """Return a line of the file."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def header(schema: list[str]) -> bytes:
    """Return the file's first line."""
    return line({"format": FORMAT, "version": VERSION, "schema": schema})


def trailer(rows: dict[str, int], sha256: str) -> bytes:
    """Return the file's last line: how many rows each table has, and a hash over all before."""
    return line({"rows": rows, "sha256": sha256})
