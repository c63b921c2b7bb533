"""Taking cells from a form's sheet, and noting what is wrong with them (TRM-1)."""

import re
from collections.abc import Callable

from server.terminal_forms.layout import UNIT, plain
from server.terminal_forms.sheets import Cell, Sheet
from server.terminal_forms.values import Fault, Spot
from server.texts import is_seen, is_text, tidy, unprinted

NAME_LENGTH_MAX = 50
SHOWN_MAX = 20
AS_TEXT = "format the cell as text, and type it as it is shown"
_COUNT = re.compile(rf"([0-9]{{1,9}}|[0-9]{{1,3}}(?:,[0-9]{{3}}){{1,2}}){UNIT}?")
_NOTHING = Cell("")


class FormSheet:
    """A sheet of a form that is read: what is wrong goes to the list of faults."""

    def __init__(self, sheet: Sheet, faults: list[Fault]) -> None:
        self._sheet = sheet
        self._faults = faults

    @property
    def rows(self) -> list[int]:
        """The rows with something in them, from top to bottom."""
        return sorted(self._sheet.rows)

    def spot(self, row: int = 0, column: int = 0) -> Spot:
        """Return a cell's place."""
        return Spot(self._sheet.name, row, column)

    def note(self, row: int, column: int, says: str) -> None:
        """Note that something is wrong."""
        self._faults.append(Fault(self.spot(row, column), says))

    def is_empty(self, row: int, column: int) -> bool:
        """Whether nothing is in a cell."""
        return column not in self._sheet.rows.get(row, {})

    def label(self, row: int, column: int = 1) -> str:
        """Return a cell's text as labels are compared; empty where it has none."""
        return plain(str(self._cell(row, column).value))

    def find(self, fits: Callable[[str], bool], after: int = 0) -> int | None:
        """Return the first row whose label in column A fits."""
        return next((row for row in self.rows if row > after and fits(self.label(row))), None)

    def name(self, row: int, column: int, what: str) -> str | None:
        """Return a name, or note that there is none."""
        cell = self._taken(row, column, what)
        if cell is None:
            return None
        text = tidy(str(cell.value))
        if cell.is_formatted:
            self.note(row, column, f"{what} is {text} in a format: {AS_TEXT}")
        elif is_text(text, NAME_LENGTH_MAX):
            return text
        elif not text:
            self.note(row, column, f"{what} is empty")
        elif len(text) > NAME_LENGTH_MAX:
            self.note(row, column, f"{what} {shown(text)} is longer than {NAME_LENGTH_MAX} letters")
        elif not is_seen(text, NAME_LENGTH_MAX):
            self.note(row, column, f"{what} has a line break, or a letter that is not seen")
        else:
            says = f"{what} has {unprinted(text)}, which printers do not print: write it without"
            self.note(row, column, says)
        return None

    def text(self, row: int, column: int, what: str) -> str | None:
        """Return a text as labels are compared, or note that there cannot be one."""
        cell = self._taken(row, column, what)
        return None if cell is None else plain(str(cell.value))

    def count(self, row: int, column: int, what: str) -> int | None:
        """Return a number such as 100 or 100台; nothing counts as 0."""
        text = self.text(row, column, what)
        if text is None:
            return None
        found = _COUNT.fullmatch(text)
        if found:
            return int(found[1].replace(",", ""))
        if text:
            self.note(row, column, f"{what} is {shown(text)}, which is no number such as 100{UNIT}")
        return None if text else 0

    def digits(self, row: int, column: int, what: str, count: int) -> str | None:
        """Return a number of so many digits; Excel may have taken its zeros away."""
        cell = self._taken(row, column, what)
        if cell is None:
            return None
        is_number = isinstance(cell.value, int)
        text = str(cell.value).zfill(count) if is_number else plain(str(cell.value))
        if re.fullmatch(f"[0-9]{{{count}}}", text):
            return text
        says = f"{what} is {shown(text)}, not {count} digits" if text else f"{what} is empty"
        self.note(row, column, says)
        return None

    def refuse_beyond(self, row: int, last: int) -> None:
        """Note what stands to the right of a table."""
        for column in self._sheet.rows.get(row, {}):
            if column > last:
                self.note(row, column, "nothing belongs here: the table has no such column")

    def _cell(self, row: int, column: int) -> Cell:
        return self._sheet.rows.get(row, {}).get(column, _NOTHING)

    def _taken(self, row: int, column: int, what: str) -> Cell | None:
        cell = self._cell(row, column)
        if cell.problem:
            self.note(row, column, f"{what} is {cell.problem}")
            return None
        return cell


def shown(text: str) -> str:
    """Return a form's text as a message can hold it: printable, and not too long."""
    told = "".join(one if one.isprintable() else "?" for one in text[:SHOWN_MAX])
    return f"「{told}{'…' if len(text) > SHOWN_MAX else ''}」"
