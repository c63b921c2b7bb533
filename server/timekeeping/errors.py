"""What the commands about the clock refuse."""


class ClockError(Exception):
    """The command does not fit the clock or the ledger; the message says why."""
