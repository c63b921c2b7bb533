"""The package python-escpos, imported when a printer that is no file is first used.

It is used for its transports alone. On import it takes a while and 14 MiB, gives the root logger a
handler that writes into the terminal, and leaves a folder of its own among the temporary files:
the last two are put right here.
"""

import logging
import os
import shutil
from functools import cache
from typing import Any


@cache
def escpos_printers() -> Any:
    """Return the module escpos.printer. Raises OSError where no temporary file can be made."""
    root = logging.getLogger()
    # With a handler there, logging.basicConfig() does nothing.
    handler = logging.NullHandler()
    root.addHandler(handler)
    try:
        import escpos.capabilities  # noqa: PLC0415
        import escpos.printer  # noqa: PLC0415
    finally:
        root.removeHandler(handler)
    if "ESCPOS_CAPABILITIES_PICKLE_DIR" not in os.environ:
        shutil.rmtree(escpos.capabilities.pickle_dir, ignore_errors=True)
    return escpos.printer
