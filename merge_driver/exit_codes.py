"""What the command ends with; 0 is all well."""

from typing import Final

EXIT_STOPPED: Final = 1
"""Stopped or refused, or records wait."""
EXIT_USAGE: Final = 2
"""Wrong use or setting."""
EXIT_QUARANTINED: Final = 3
"""Something went to quarantine."""
