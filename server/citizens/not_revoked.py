"""Registering for a citizen whose MyKey ID another process may revoke at the same moment."""

from server.ledger.values import Write

_HOLD = "UPDATE citizen SET mykey_id = mykey_id WHERE citizen_id = ?"
"""A revocation by another process comes first, or waits and ends what is registered too (MKY-7)."""
_NOT_REVOKED = """INSERT INTO mykey_event SELECT * FROM mykey_event
    WHERE kind = 'REVOKED' AND citizen_id = ?"""
"""Adds nothing; or its key is there already, so that all is decided once more."""


def as_long_as_not_revoked(citizen_id: int) -> tuple[Write, Write]:
    """Return what has all decided once more where the MyKey ID was revoked meanwhile."""
    return Write(_HOLD, (citizen_id,)), Write(_NOT_REVOKED, (citizen_id,))
