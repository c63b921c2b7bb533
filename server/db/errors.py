"""Why a database cannot be used at all."""


class UnusableDatabaseError(Exception):
    """The database cannot be used; the message says why and what to do."""
