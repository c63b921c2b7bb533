"""For each table a row that is stored, another that could be, and what makes it one that cannot."""

from typing import Final

Value = str | int | bytes | None
Row = dict[str, Value]

STORED: Final[tuple[tuple[str, Row], ...]] = (
    (
        "municipality",
        {
            "municipality_code": "900001",
            "name": "a",
            "prefecture": "p",
            "is_prefecture": False,
            "offline_vouchers_max": 0,
            "offline_points_max": 0,
        },
    ),
    (
        "program",
        {
            "program_id": "90000001",
            "municipality_code": "900001",
            "kind": "MUNICIPAL",
            "name": "a",
            "days_valid": 1,
            "service_from": None,
            "service_until": None,
            "shown_on_my_page": True,
            "points_per_use_max": 1,
            "points_per_citizen_day_max": 1,
            "points_per_terminal_day_max": 1,
            "pin_above_points": 0,
        },
    ),
    (
        "issuer",
        {
            "issuer_id": "900001",
            "name": "a",
            "is_street": True,
            "notification": "SCREEN",
            "symbology": "NW7",
            "nw7_start": "A",
            "nw7_stop": "B",
            "reading": "KEYBOARD",
            "driver": "",
        },
    ),
    (
        "issuer",
        {
            "issuer_id": "900002",
            "name": "b",
            "is_street": True,
            "notification": "LABEL",
            "symbology": "QR",
            "nw7_start": "C",
            "nw7_stop": "D",
            "reading": "DRIVER",
            "driver": "d",
        },
    ),
    (
        "place",
        {
            "place_id": 9001,
            "municipality_code": "900001",
            "name": "a",
            "collecting_place_id": 9001,
        },
    ),
    (
        "terminal",
        {
            "terminal_id": "90000001",
            "terminal_class": "POINT_USE",
            "municipality_code": "900001",
            "place_id": 9001,
            "issuer_id": "900001",
            "name": "a",
            "password_hash": "",
            "machine_fingerprint": bytes(32),
            "withdrawn_at": None,
        },
    ),
    (
        "program_terminals",
        {
            "program_id": "90000001",
            "municipality_code": "900001",
            "terminal_class": None,
            "issuer_id": "900001",
            "terminal_id": "90000001",
        },
    ),
    (
        "session",
        {
            "token_hash": bytes(32),
            "terminal_id": "90000001",
            "signed_in_at": 1,
            "expires_at": 2,
            "ended_at": None,
        },
    ),
    ("citizen", {"citizen_id": 9001, "mykey_id": "ZZZZ9999", "revoked_at": None}),
    ("citizen", {"citizen_id": 9002, "mykey_id": "ZZZZ9998", "revoked_at": None}),
    (
        "certificate",
        {
            "serial_number": "F1",
            "citizen_id": 9001,
            "last_good_day": "2030-01-01",
            "revoked_at": None,
            "renews": None,
        },
    ),
    (
        "certificate_renewal",
        {"serial_number": "F3", "renews": "F1", "last_good_day": "2030-01-01"},
    ),
    (
        "service_id",
        {
            "issuer_id": "900001",
            "customer_id": "1",
            "citizen_id": 9001,
            "registered_at": 1,
            "signature_serial_number": "F1",
        },
    ),
    (
        "citizen_profile",
        {
            "citizen_id": 9001,
            "password_hash": "h",
            "mail": "",
            "mails_granted": False,
            "mails_lapsed": False,
            "mails_password": True,
            "mails_mykey_id": True,
            "base_municipality_code": "900001",
        },
    ),
    (
        "mykey_attempt",
        {
            "caller": "c",
            "request_id": "1",
            "purpose": "CREATE",
            "serial_number": "F1",
            "last_good_day": "2030-01-01",
            "citizen_id": 9001,
            "begun_at": 1,
            "expires_at": 2,
            "touched_at": 1,
            "ended_at": None,
            "proposals": 0,
            "refusals": 0,
            "wrong_passwords": 0,
        },
    ),
    (
        "mykey_attempt",
        {
            "caller": "c",
            "request_id": "2",
            "purpose": "CHANGE",
            "serial_number": "F1",
            "last_good_day": "2030-01-01",
            "citizen_id": 9001,
            "begun_at": 1,
            "expires_at": 2,
            "touched_at": 1,
            "ended_at": None,
            "proposals": 3,
            "refusals": 3,
            "wrong_passwords": 3,
        },
    ),
    (
        "mykey_candidate",
        {"mykey_id": "ZZZZ9990", "caller": "c", "request_id": "1", "reserved_until": 2},
    ),
    (
        "mykey_event",
        {
            "caller": "c",
            "request_id": "1",
            "attempt_id": "1",
            "kind": "CREATED",
            "citizen_id": 9001,
            "mykey_id": "ZZZZ9999",
            "replaces": None,
            "serial_number": "F1",
            "registered_at": 1,
        },
    ),
    (
        "wrong_mykey_password",
        {
            "terminal_id": "90000001",
            "sequence": 1,
            "tried_at": 1,
            "strikes": 1,
            "blocked_until": 1,
        },
    ),
    (
        "service_id_event",
        {
            "caller": "c",
            "request_id": "1",
            "issuer_id": "900001",
            "customer_id": "1",
            "citizen_id": 9001,
            "replaces": None,
            "signature_serial_number": None,
            "registered_at": 1,
        },
    ),
    ("signature_renewal", {"serial_number": "F3", "renews": "F1"}),
    (
        "address_notice",
        {
            "notice_id": 9001,
            "issuer_id": "900001",
            "customer_id": "1",
            "signature_serial_number": "F1",
            "noticed_at": 1,
            "acknowledged_at": None,
            "acknowledged_by": None,
        },
    ),
    (
        "account",
        {"account_id": 9001, "program_id": "90000001", "kind": "HELD", "owner": "9001"},
    ),
    (
        "ledger_transaction",
        {
            "transaction_id": 9001,
            "transaction_number": "2030010100001",
            "kind": "SPEND",
            "booked_at": 1,
            "booked_on": "2030-01-01",
            "caller": "c",
            "subject": "s",
            "refers_to": None,
            "reason": "",
        },
    ),
    (
        "ledger_transaction",
        {
            "transaction_id": 9002,
            "transaction_number": "2030010100002",
            "kind": "CANCEL",
            "booked_at": 1,
            "booked_on": "2030-01-01",
            "caller": "c",
            "subject": "s",
            "refers_to": 9001,
            "reason": "",
        },
    ),
    (
        "lot",
        {
            "lot_id": 9001,
            "account_id": 9001,
            "points": 10,
            "remaining": 10,
            "received_on": "2030-01-01",
            "last_good_day": "2030-01-01",
        },
    ),
    (
        "entry",
        {"transaction_id": 9002, "sequence": 1, "account_id": 9001, "lot_id": 9001, "points": 1},
    ),
    (
        "operation",
        {
            "caller": "c",
            "request_id": "1",
            "method": "m",
            "fingerprint": b"f",
            "outcome": "BOOKED",
            "answer": b"",
            "transaction_id": 9001,
            "decided_at": 1,
        },
    ),
    ("counter", {"name": "x", "next": 1}),
    (
        "street",
        {
            "issuer_id": "900001",
            "profile": 1,
            "id_kind": "STREET",
            "id_pattern": "[0-9]",
            "sealed_client_secret": b"s",
        },
    ),
    (
        "street_key",
        {
            "issuer_id": "900001",
            "key_id": 1,
            "sealed_key": b"k",
            "sealed_secret": b"s",
            "valid_from": "2030-01-01",
            "valid_until": "2030-01-02",
        },
    ),
    (
        "merge",
        {
            "transaction_id": 9001,
            "issuer_id": "900001",
            "street_point_id": "1",
            "points": 1,
            "profile": 1,
            "key_id": 1,
            "file_id": bytes(16),
            "file_name": "a",
            "content": b"c",
        },
    ),
    (
        "hold",
        {"transaction_id": 9001, "place_id": 9001, "expires_at": 1, "is_open": True},
    ),
    (
        "seal",
        {
            "first_transaction_id": 9000,
            "last_transaction_id": 9002,
            "transactions": 1,
            "previous_hash": bytes(32),
            "hash": b"1" * 32,
            "sealed_at": 1,
        },
    ),
    ("job", {"name": "x", "holder": "", "held_until": 0, "done_for": ""}),
    (
        "voucher_key",
        {
            "key_id": 9001,
            "public_key": bytes(32),
            "sealed_private_key": b"s",
            "made_at": 1,
            "withdrawn_at": None,
        },
    ),
    (
        "voucher",
        {
            "transaction_id": 9001,
            "voucher_number": "900000000001",
            "program_id": "90000001",
            "points": 1,
            "place_id": 9001,
            "days_valid": 1,
            "last_good_day": "2030-01-02",
            "key_id": 9001,
            "qr_text": "q",
            "is_open": True,
        },
    ),
    (
        "voucher_reprint",
        {
            "transaction_id": 9001,
            "sequence": 1,
            "caller": "c",
            "request_id": "1",
            "reprinted_at": 1,
        },
    ),
    (
        "wrong_voucher_number",
        {
            "terminal_id": "90000001",
            "sequence": 1,
            "tried_at": 1,
            "strikes": 1,
            "blocked_until": 1,
        },
    ),
)
"""In an order in which each refers to earlier ones only; the last of a table counts."""

EVENT: Final[Row] = {
    "kind": "EVENT",
    "service_from": "2030-01-01",
    "service_until": "2030-01-02",
}

OTHER: Final[dict[str, Row]] = {
    "municipality": {"municipality_code": "900002"},
    "program": {"program_id": "90000002", **EVENT},
    "issuer": {"issuer_id": "900003"},
    "place": {"place_id": 9002, "name": "b"},
    "terminal": {"terminal_id": "90000002"},
    "program_terminals": {},
    "session": {"token_hash": b"1" * 32},
    "citizen": {"citizen_id": 9003, "mykey_id": "ZZZZ9997"},
    "certificate": {"serial_number": "F2"},
    "certificate_renewal": {"serial_number": "F4"},
    "service_id": {"customer_id": "2", "citizen_id": 9002},
    "citizen_profile": {"citizen_id": 9002},
    "mykey_attempt": {"request_id": "3"},
    "mykey_candidate": {"mykey_id": "ZZZZ9991", "request_id": "2"},
    "mykey_event": {"request_id": "2", "attempt_id": "2"},
    "wrong_mykey_password": {"sequence": 2},
    "service_id_event": {"request_id": "2"},
    "signature_renewal": {"serial_number": "F4", "renews": "F2"},
    "address_notice": {"notice_id": 9002, "customer_id": "2"},
    "account": {"account_id": 9002, "owner": "9002"},
    "ledger_transaction": {
        "transaction_id": 9003,
        "transaction_number": "2030010100003",
        "refers_to": 9002,
    },
    "lot": {"lot_id": 9002},
    "entry": {"sequence": 2},
    "operation": {"request_id": "2", "transaction_id": 9002},
    "counter": {"name": "y"},
    "street": {"issuer_id": "900002"},
    "street_key": {"key_id": 2},
    "merge": {"transaction_id": 9002, "file_name": "b"},
    "hold": {"transaction_id": 9002},
    "seal": {
        "first_transaction_id": 9001,
        "last_transaction_id": 9001,
        "previous_hash": b"1" * 32,
        "hash": b"2" * 32,
    },
    "job": {"name": "y"},
    "voucher_key": {"key_id": 9002},
    "voucher": {"transaction_id": 9002, "voucher_number": "900000000002"},
    "voucher_reprint": {"sequence": 2, "request_id": "2"},
    "wrong_voucher_number": {"sequence": 2},
}
"""What is different in a row that could be stored besides."""

CHECKED: Final[dict[str, tuple[Row, ...]]] = {
    "municipality": (
        {"municipality_code": "90000"},
        {"municipality_code": "90000x"},
        {"offline_vouchers_max": -1},
        {"offline_points_max": -1},
    ),
    "program": (
        {"program_id": "9000000"},
        {"program_id": "９０００００02"},
        {"kind": "OTHER", "service_from": None},
        {"days_valid": 0},
        {"service_from": "2030-1-1", "service_until": "2030-12-31"},
        {"service_until": "2030-1-3"},
        {"points_per_use_max": 0},
        {"points_per_citizen_day_max": 0},
        {"points_per_terminal_day_max": 0},
        {"pin_above_points": -1},
        {"service_from": None},
        {"service_until": None},
        {"kind": "RETAINED", "service_from": None, "service_until": None},
        {"municipality_code": None},
        {"service_from": "2030-01-03"},
    ),
    "issuer": (
        {"issuer_id": "9000033"},
        {"notification": "OTHER"},
        {"symbology": "OTHER"},
        {"nw7_start": "E"},
        {"nw7_stop": ""},
        {"reading": "OTHER"},
    ),
    "service_id": ({"signature_serial_number": ""}, {"signature_serial_number": "f1"}),
    "mykey_attempt": (
        {"purpose": "OTHER"},
        {"last_good_day": "2030-1-1"},
        {"expires_at": 1},
        {"proposals": 4},
        {"refusals": -1},
        {"wrong_passwords": 4},
    ),
    "mykey_event": ({"kind": "OTHER"}, {"kind": "CHANGED"}, {"replaces": "ZZZZ9990"}),
    "wrong_mykey_password": ({"sequence": 0}, {"strikes": 0}),
    "signature_renewal": ({"serial_number": "F2"}, {"serial_number": "f4"}),
    "address_notice": ({"acknowledged_at": 1}, {"acknowledged_by": "x"}),
    "terminal": (
        {"terminal_id": "x0000002"},
        {"terminal_class": "OTHER"},
        {"machine_fingerprint": bytes(31)},
        {"terminal_class": "GRANT", "municipality_code": None},
        {"place_id": None},
    ),
    "program_terminals": ({"municipality_code": None, "terminal_id": None},),
    "session": ({"token_hash": bytes(31)}, {"expires_at": 1}),
    "citizen": ({"mykey_id": "ZZZZ999"}, {"mykey_id": "zzzz9997"}),
    "certificate": (
        {"serial_number": ""},
        {"serial_number": "F" * 41},
        {"serial_number": "f2"},
        {"last_good_day": "2030-1-1"},
    ),
    "certificate_renewal": (
        {"renews": "F4"},
        {"last_good_day": "2030-1-1"},
        {"serial_number": "f4"},
    ),
    "account": ({"kind": "OTHER"},),
    "ledger_transaction": (
        {"kind": "OTHER", "refers_to": None},
        {"booked_on": "2030-1-1"},
        {"refers_to": None},
        {"kind": "SPEND"},
        {"refers_to": 9003},
        {"refers_to": 9004},
    ),
    "lot": (
        {"points": 0, "remaining": 0},
        {"remaining": 11},
        {"remaining": -1},
        {"received_on": "2030-1-1", "last_good_day": "2030-12-31"},
        {"last_good_day": "2030-1-1"},
        {"received_on": "2030-01-02"},
    ),
    "entry": ({"sequence": 0}, {"points": 0}),
    "operation": (
        {"outcome": "OTHER", "transaction_id": None},
        {"transaction_id": None},
        {"outcome": "REFUSED"},
        {"outcome": "REGISTERED"},
    ),
    "counter": ({"next": 0},),
    "street": ({"profile": 3}, {"id_kind": "OTHER"}, {"id_pattern": ""}),
    "street_key": (
        {"key_id": 0},
        {"key_id": 2**32},
        {"valid_from": "2030-1-1"},
        {"valid_until": "2030-1-1"},
    ),
    "merge": ({"points": 0}, {"points": 10**10}, {"file_id": bytes(15)}),
    "seal": (
        {"transactions": 0},
        {"previous_hash": bytes(31)},
        {"hash": bytes(33)},
        {"transactions": 2},
    ),
    "voucher_key": ({"key_id": -1}, {"key_id": 10_000}, {"public_key": bytes(31)}),
    "voucher": (
        {"voucher_number": "90000000002"},
        {"voucher_number": "90000000000x"},
        {"points": 0},
        {"days_valid": 0},
        {"days_valid": 31},
        {"last_good_day": "2030-1-2"},
    ),
    "voucher_reprint": ({"sequence": 0},),
    "wrong_voucher_number": ({"sequence": 0}, {"strikes": 0}),
}
"""What a CHECK of the table refuses, each alone."""

REFERRING: Final[dict[tuple[str, str], Row]] = {
    ("ledger_transaction", "refers_to"): {"refers_to": 8999},
}
"""What a wrong reference is where no other number will do."""

UNIQUE: Final[dict[tuple[str, tuple[str, ...]], Row]] = {
    ("program", ("municipality_code",)): {
        "kind": "MUNICIPAL",
        "service_from": None,
        "service_until": None,
    },
    ("ledger_transaction", ("transaction_id",)): {"kind": "SPEND", "refers_to": None},
}
"""What more a row needs to be one of those that are unique."""


def stored(table: str) -> Row:
    """The row that is stored."""
    return dict(STORED)[table]


def other(table: str) -> Row:
    """A row that could be stored besides."""
    return {**stored(table), **OTHER[table]}
