"""Refusals of streets' systems."""

from server.ledger.refusals import Code, Reason


class StreetReason(Reason):
    """Why a street's system is not let in."""

    STREET_SIGN_IN_REFUSED = (
        "STREET_SIGN_IN_REFUSED",
        Code.UNAUTHENTICATED,
        "商店街システムのIDまたは鍵ファイルのclient_secretが違います。",
        "The issuer ID or the client_secret of the key file is wrong.",
    )
    """Unknown issuer and wrong secret say the same."""
