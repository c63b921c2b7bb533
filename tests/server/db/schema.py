"""Whole schemas, to be compared: tables, columns, constraints, indexes, triggers, functions."""

from peewee import Database, SqliteDatabase

from server.db.queries import rows

_SQLITE = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master"
_POSTGRES = (
    """SELECT 'column', table_name, column_name,
        concat_ws(' ', data_type, is_nullable, column_default)
        FROM information_schema.columns WHERE table_schema = 'public'""",
    """SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    """SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
        FROM pg_trigger WHERE NOT tgisinternal""",
    """SELECT 'function', proname, '', pg_get_functiondef(oid)
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace""",
    """SELECT 'options', relname, '', coalesce(array_to_string(reloptions, ','), '')
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'""",
)


def schema(database: Database) -> list[tuple[str, ...]]:
    """Everything the engine says of its schema, in an order of its own, spaces evened out."""
    queries = (_SQLITE,) if isinstance(database, SqliteDatabase) else _POSTGRES
    with database.connection_context():
        found = [row for query in queries for row in rows(database, query)]
    return sorted(tuple(" ".join(str(part).split()) for part in row) for row in found)
