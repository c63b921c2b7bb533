"""Collects the screens' texts into counter_tui/locale and compiles the English catalogue.

New texts come in with an empty translation: fill it in and run this again.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).parents[1] / "counter_tui"
CATALOGUE = PACKAGE / "locale" / "en" / "LC_MESSAGES" / "counter.po"
KEYWORDS = {"_": None, "later": None, "in_context": ((1, "c"), 2)}
NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""A date in the header would change with every run."""


def collected() -> Catalog:
    """Return a catalogue of every text that the source marks, with the English known so far."""
    with CATALOGUE.open("rb") as file:
        known = {
            (message.context, message.id): message.string for message in read_po(file) if message.id
        }
    catalogue = Catalog(
        locale="en",
        project="jichipoint",
        version="0",
        header_comment="# English texts of the counter application.",
        copyright_holder="The jichipoint authors",
        msgid_bugs_address="",
        last_translator="The jichipoint authors",
        language_team="",
        creation_date=NEVER,
        revision_date=NEVER,
        fuzzy=False,
    )
    found = extract_from_dir(PACKAGE, keywords=KEYWORDS)
    texts = {(context, text) for _, _, text, _, context in found}
    for context, text in sorted(texts, key=lambda one: (one[1], one[0] or "")):
        catalogue.add(text, known.get((context, text), ""), context=context)
    return catalogue


def main() -> int:
    """Write both files; the exit status is 1 while a text has no English."""
    catalogue = collected()
    with CATALOGUE.open("wb") as file:
        write_po(file, catalogue, width=100, sort_output=True)
    with CATALOGUE.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)
    missing = [str(message.id) for message in catalogue if message.id and not message.string]
    for text in missing:
        print(f"no English yet: {text}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
