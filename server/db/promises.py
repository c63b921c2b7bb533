"""Whether PostgreSQL is set so that what is answered is as durable as LED-5 promises."""

from peewee import Database, SqliteDatabase

from server.db.queries import rows

SETTINGS = """SELECT name, setting FROM pg_settings WHERE name IN
    ('fsync', 'full_page_writes', 'synchronous_commit', 'synchronous_standby_names')"""


def broken_promises(database: Database) -> list[str]:
    """Return in words what of PostgreSQL's settings does not keep the promise; SQLite keeps it.

    Reads the settings as this connection has them: a role or the URL may set its own.
    """
    if isinstance(database, SqliteDatabase):
        return []
    from server.db.hosts import hosts_of  # noqa: PLC0415 -- it needs psycopg

    settings: dict[str, str] = dict(rows(database, SETTINGS))
    commits, standbys = settings["synchronous_commit"], settings["synchronous_standby_names"]
    found = [
        f"{name} is off: a crash of PostgreSQL's machine can lose or damage what was answered"
        for name in ("fsync", "full_page_writes")
        if settings[name] == "off"
    ]
    if commits == "off":
        found.append(
            "synchronous_commit is off: what was answered in the last moments is lost in a crash"
        )
    elif standbys and commits in ("local", "remote_write"):
        found.append(
            f"synchronous_commit is {commits}: an answer does not wait until the standby has it "
            "on disk; set it to on"
        )
    if not standbys and len(hosts_of(str(database.database))) > 1:
        found.append(
            "there are several hosts in the URL, and no synchronous standby: what was answered "
            "can be lost with the primary (docs/high-availability.md)"
        )
    return found
