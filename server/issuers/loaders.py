"""How issuers are read for decisions."""

from typing import cast

from server.issuers.values import CardReading, HandoverMethod, Issuer, IssuerKey, Symbology
from server.ledger.values import Key, Loader, Row

_ISSUERS = """SELECT i.issuer_id, i.name, i.is_street, i.notification, i.symbology, i.nw7_start,
    i.nw7_stop, i.reading, i.driver,
    CASE WHEN s.id_kind = 'STREET' THEN s.id_pattern ELSE '' END
    FROM issuer i LEFT JOIN street s ON s.issuer_id = i.issuer_id
    WHERE (i.issuer_id) IN ({keys})"""


def build_issuers(rows: list[Row]) -> dict[Key[Issuer], Issuer]:
    """Return the issuers that rows describe."""
    return {
        IssuerKey(str(row[0])): Issuer(
            str(row[0]),
            str(row[1]),
            bool(row[2]),
            HandoverMethod(cast(str, row[3])),
            Symbology(cast(str, row[4])),
            str(row[5]),
            str(row[6]),
            CardReading(cast(str, row[7])),
            str(row[8]),
            str(row[9]),
        )
        for row in rows
    }


ISSUERS = Loader(IssuerKey, _ISSUERS, lambda key: (cast(IssuerKey, key).issuer_id,), build_issuers)
