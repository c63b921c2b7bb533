"""Why a database cannot be used at all."""


class UnusableDatabaseError(Exception):
    """The database cannot be used; the message says why and what to do."""


def one_line(error: Exception) -> str:
    """Return what an engine says of an error, without its line breaks."""
    return " ".join(str(error).split())
