"""The demo town's cards: a test authority, a card for each citizen, and what was revoked."""

import json
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from counter_tui.virtual.card_file import save, save_issuing
from counter_tui.virtual.card_header import CardHeader, card_path
from counter_tui.virtual.citizen import Issuing

REVOKED = "users.crl"
GOOD_FROM_DAYS = 1000
LIST_DAYS = 3650


def make_cards(town: Path, folder: Path, now: datetime) -> None:
    """Make the cards that a town.json names, unless they are there. Raises OSError."""
    if (folder / REVOKED).exists():
        return
    shutil.rmtree(folder, ignore_errors=True)  # what an earlier start left unfinished
    issuing = Issuing.new(now, share_key=True)
    save_issuing(folder, issuing)
    for card in json.loads(town.read_text("utf-8"))["cards"]:
        last_good_day = date.fromisoformat(card["last_good_day"])
        header = CardHeader(card["label"], card["serial_number"], last_good_day)
        made = issuing.card(
            int(header.serial_number, 16),
            last_good_day,
            good_from=now - timedelta(days=GOOD_FROM_DAYS),
        )
        save(card_path(folder, header.serial_number), header, made)
    revoked = issuing.users.revocation_list([], now, LIST_DAYS)
    (folder / REVOKED).write_bytes(revoked.public_bytes(Encoding.PEM))
