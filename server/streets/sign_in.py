"""Whether a street's system knows its secret (DRV-6)."""

import hmac

from peewee import Database

from server.ledger.values import Refusal
from server.master_key.uses import client_secret_use
from server.secrets import Vault
from server.streets.errors import StreetReason
from server.streets.tables import StreetRow


def check_client_secret(
    database: Database, vault: Vault, issuer_id: str, client_secret: str
) -> None:
    """Raise Refusal unless the secret is the one in the street's newest key file."""
    query = StreetRow.select().where(StreetRow.issuer_id == issuer_id)
    found: list[StreetRow] = list(query.execute(database))
    use = client_secret_use(issuer_id)
    sealed = found[0].sealed_client_secret if found else None
    known = vault.open(bytes(sealed), use) if sealed is not None else b""
    if not known or not hmac.compare_digest(known, client_secret.encode()):
        raise Refusal(StreetReason.STREET_SIGN_IN_REFUSED)
