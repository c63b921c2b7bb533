"""From the bytes that a printer is sent to the paper that comes out of it.

It is written from Epson's descriptions of the ESC/POS commands, for a Japanese model of 203
dots to the inch. Nothing is skipped: bytes that a printer does not know, and commands that it
would ignore, are errors.
"""

from tests.paper import charset, commands
from tests.paper.errors import CommandError, UnknownCommandError
from tests.paper.paper import Paper
from tests.paper.printer import Printer
from tests.paper.reader import Reader
from tests.paper.state import State

DOTS_58_MM = 384
DOTS_80_MM = 576


def render(data: bytes, dots: int = DOTS_58_MM) -> Paper:
    """Return the paper that a printer with so many dots across makes of these bytes."""
    printer, reader = Printer(dots), Reader(data)
    try:
        while not reader.at_end:
            reader.begin()
            _step(printer, reader)
        reader.begin()
        return printer.finish()
    except CommandError as fault:
        raise UnknownCommandError(reader.start, reader.seen, str(fault)) from fault


def _step(printer: Printer, reader: Reader) -> None:
    """Do one command, or print one character."""
    code = reader.byte()
    if code < 0x20:
        commands.run(printer, reader, code)
    else:
        second = reader.byte() if _is_two_bytes(printer.state, code) else None
        _put(printer, code, second)


def _put(printer: Printer, code: int, second: int | None) -> None:
    """Print one character of one or two bytes."""
    state = printer.state
    if second is None:
        printer.put(charset.single(code, state.page, state.country), kanji=False)
    else:
        decode = charset.shift_jis if state.shift_jis else charset.jis
        printer.put(decode(code, second), kanji=True)


def _is_two_bytes(state: State, code: int) -> bool:
    """Tell whether a character starting with this byte has a second.

    In the Shift_JIS system Japanese models read kanji in and outside kanji mode; in the JIS
    system, whose codes are ASCII's, in kanji mode only.
    """
    if state.shift_jis:
        return charset.leads_shift_jis(code)
    return state.kanji_mode and charset.leads_jis(code)
