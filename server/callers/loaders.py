"""How terminals are read for decisions."""

from typing import cast

from server.callers.values import Terminal, TerminalClass, TerminalKey
from server.ledger.values import Key, Loader, Row

_TERMINALS = """SELECT t.terminal_id, t.terminal_class, t.municipality_code,
    coalesce(m.name, ''), t.place_id, coalesce(p.name, ''), t.issuer_id, coalesce(i.name, ''),
    coalesce(i.is_street, FALSE), t.name, t.withdrawn_at IS NOT NULL
    FROM terminal t LEFT JOIN municipality m USING (municipality_code)
    LEFT JOIN place p USING (place_id) LEFT JOIN issuer i USING (issuer_id)
    WHERE (t.terminal_id) IN ({keys})"""


def _terminals(rows: list[Row]) -> dict[Key[Terminal], Terminal]:
    found: dict[Key[Terminal], Terminal] = {}
    for row in rows:
        terminal_id, of_class, code, municipality, place_id, place, issuer_id = row[:7]
        issuer, is_street, name, withdrawn = row[7:]
        found[TerminalKey(str(terminal_id))] = Terminal(
            str(terminal_id),
            TerminalClass(cast(str, of_class)),
            cast(str | None, code),
            str(municipality),
            cast(int | None, place_id),
            str(place),
            cast(str | None, issuer_id),
            str(issuer),
            bool(is_street),
            str(name),
            bool(withdrawn),
        )
    return found


TERMINALS = Loader(
    TerminalKey, _TERMINALS, lambda key: (cast(TerminalKey, key).terminal_id,), _terminals
)
