"""Changing the checks of tables where SQLite keeps them: in the text of the schema."""

from collections.abc import Iterable, Iterator

from peewee import Database

TextChange = tuple[str, str, str]
"""A table, what its text says, and what it says from then on."""


def change_texts(db: Database, changes: Iterable[TextChange]) -> Iterator[str]:
    """Return the statements that change the texts of tables.

    SQLite has no statement for it. This is the way its documentation gives for changes
    that leave the rows as they are; rebuilding a table would lose its triggers.
    """
    (version,) = db.execute_sql("PRAGMA schema_version").fetchone()
    yield "PRAGMA writable_schema = on"
    for table, was, now in changes:
        old, new = was.replace("'", "''"), now.replace("'", "''")
        yield f"""UPDATE sqlite_schema SET sql = replace(sql, '{old}', '{new}')
            WHERE type = 'table' AND name = '{table}'"""  # noqa: S608
    yield f"PRAGMA schema_version = {version + 1}"
    yield "PRAGMA writable_schema = reset"
