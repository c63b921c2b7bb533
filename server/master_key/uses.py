"""What secrets are sealed for (SEC-4): rows cannot be exchanged."""


def street_key_use(issuer_id: str, key_id: int) -> str:
    """Return what a street's AES key is sealed for."""
    return f"street_key.key:{issuer_id}:{key_id}"


def street_secret_use(issuer_id: str, key_id: int) -> str:
    """Return what a street's secret string is sealed for."""
    return f"street_key.secret:{issuer_id}:{key_id}"


def client_secret_use(issuer_id: str) -> str:
    """Return what the secret of a street's system is sealed for."""
    return f"street.client:{issuer_id}"


def voucher_key_use(key_id: int) -> str:
    """Return what a private key is sealed for (SEC-4)."""
    return f"voucher_key.private_key:{key_id}"
