"""The authority's lists of signature certificates: who may have moved (SID-2)."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from counter_tui.virtual.authority import TestAuthority
from server.cli import main
from tests.server.conftest import engine, find_template, town
from tests.server.support import LIBRARY, Town

__all__ = ["engine", "find_template", "town"]

CHANGED = x509.ReasonFlags.affiliation_changed
WATCHED, OTHER, NEWER = "ABC01", "ABC02", "ABC03"
DAY = timedelta(days=1)


@pytest.fixture(scope="session")
def authority() -> TestAuthority:
    return TestAuthority.for_signatures(datetime.now(UTC))


def revocations(
    authority: TestAuthority,
    revoked: dict[str, x509.ReasonFlags | None],
    made: datetime | None = None,
) -> x509.CertificateRevocationList:
    made = made or datetime.now(UTC) - timedelta(minutes=1)
    builder = x509.CertificateRevocationListBuilder().issuer_name(authority.certificate.subject)
    builder = builder.last_update(made).next_update(made + DAY)
    for serial_number, reason in revoked.items():
        entry = x509.RevokedCertificateBuilder().serial_number(int(serial_number, 16))
        entry = entry.revocation_date(made)
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(authority.key, hashes.SHA256())


class Lists:
    """The operator's folder, and the commands that read what is in it."""

    def __init__(self, town: Town, folder: Path, authority: TestAuthority) -> None:
        self.town = town
        self._authority = folder / "authority.pem"
        self._authority.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
        self.file = folder / "list"

    def revoke(self, content: bytes, *more: str) -> Result:
        self.file.write_bytes(content)
        options = ["--database", self.town.url, "--authority", str(self._authority)]
        line = ["citizens", "import-signature-revocations", *options, str(self.file)]
        return CliRunner().invoke(main, [*line, *more])

    def renew(self, content: str, *more: str) -> Result:
        self.file.write_text(content, "utf-8")
        options = ["--database", self.town.url, str(self.file), *more]
        return CliRunner().invoke(main, ["citizens", "import-signature-renewals", *options])

    def notices(self) -> list[tuple[str, str]]:
        query = """SELECT customer_id, signature_serial_number FROM address_notice
            WHERE issuer_id = ? ORDER BY notice_id"""
        return [(number, serial) for number, serial in self.town.rows(query, LIBRARY)]


@pytest.fixture
def lists(town: Town, tmp_path: Path, authority: TestAuthority) -> Lists:
    insert = "INSERT INTO service_id (issuer_id, customer_id, citizen_id, signature_serial_number)"
    town.tamper(
        "DELETE FROM service_id",
        f"{insert} VALUES ('{LIBRARY}', '1111', 1, '{WATCHED}')",
        f"{insert} VALUES ('{LIBRARY}', '2222', 2, NULL)",
    )
    return Lists(town, tmp_path, authority)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_changed_certificate_gives_one_notice(
    lists: Lists, authority: TestAuthority, encoding: Encoding
) -> None:
    content = revocations(authority, {WATCHED: CHANGED, OTHER: CHANGED}).public_bytes(encoding)
    told = lists.revoke(content)
    assert told.output == "2 certificates revoked as changed; 1 new notice\n"
    assert lists.revoke(content).output == "2 certificates revoked as changed; 0 new notices\n"
    assert lists.notices() == [("1111", WATCHED)]
    found = json.loads(lists.revoke(content, "--json").output)
    assert found == {"file": str(lists.file), "revoked_as_changed": 2, "new_notices": 0}


@pytest.mark.parametrize(
    "reason", [None, *(one for one in x509.ReasonFlags if one not in (CHANGED,))]
)
def test_a_certificate_that_was_lost_or_superseded_says_nothing_of_an_address(
    lists: Lists, authority: TestAuthority, reason: x509.ReasonFlags | None
) -> None:
    if reason is x509.ReasonFlags.unspecified:
        reason = None  # RFC 5280: it is left out then
    content = revocations(authority, {WATCHED: reason}).public_bytes(Encoding.DER)
    assert lists.revoke(content).output == "0 certificates revoked as changed; 0 new notices\n"
    assert lists.notices() == []


def test_a_list_that_cannot_be_used_gives_no_notice(lists: Lists, authority: TestAuthority) -> None:
    now = datetime.now(UTC)
    revoked: dict[str, x509.ReasonFlags | None] = {WATCHED: CHANGED}
    others = TestAuthority.for_signatures(now)
    good = revocations(authority, revoked).public_bytes(Encoding.DER)
    for content, what in (
        (revocations(others, revoked).public_bytes(Encoding.DER), "signed by none of the"),
        (revocations(authority, revoked, now - 2 * DAY).public_bytes(Encoding.DER), "out of date"),
        (revocations(authority, revoked, now + DAY).public_bytes(Encoding.DER), "out of date"),
        (good[:-1], "is no revocation list"),
        (good[: len(good) // 2], "is no revocation list"),
        (good[:-1] + bytes([good[-1] ^ 1]), "signed by none of the"),
        (b"", "is no revocation list"),
        (authority.certificate.public_bytes(Encoding.PEM), "is no revocation list"),
    ):
        told = lists.revoke(content)
        assert told.exit_code == 1
        assert what in told.output
        assert len(told.output.splitlines()) == 1
    assert lists.notices() == []


def test_a_renewed_certificate_is_watched_in_the_old_ones_place(
    lists: Lists, authority: TestAuthority
) -> None:
    told = lists.renew(f"serial_number,renews\n{NEWER},{WATCHED}\n0ABC09,0ABC08\n")
    assert told.output == "2 of 2 renewals new; 1 registration changed with them\n"
    again = lists.renew(f"serial_number,renews\n{NEWER},{WATCHED}\n", "--json")
    counts = {"renewals": 1, "new": 0, "registrations_changed": 0}
    assert json.loads(again.output) == {"file": str(lists.file), **counts}
    gone = revocations(authority, {WATCHED: CHANGED}).public_bytes(Encoding.DER)
    assert lists.revoke(gone).output.endswith("0 new notices\n")
    moved = revocations(authority, {NEWER: CHANGED}).public_bytes(Encoding.DER)
    assert lists.revoke(moved).output.endswith("1 new notice\n")
    assert lists.notices() == [("1111", NEWER)]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "the first line must be serial_number,renews"),
        (f"serial_number,renews\n{NEWER}\n", "line 2: 1 field, not 2"),
        (f"serial_number,renews\n{NEWER},{NEWER}\n", "renews itself"),
        ("serial_number,renews\nxyz,0ABC01\n", "not a serial number"),
    ],
)
def test_a_list_of_renewals_with_a_mistake_changes_nothing(
    lists: Lists, content: str, what: str
) -> None:
    told = lists.renew(content)
    assert told.exit_code == 1
    assert what in told.output
    query = "SELECT signature_serial_number FROM service_id WHERE customer_id = '1111'"
    assert lists.town.rows(query) == [(WATCHED,)]
