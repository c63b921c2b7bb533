"""What forms I and II say, and what is wrong with them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from server.callers.values import TerminalClass


class Spot(NamedTuple):
    """A cell of a form, or all of a sheet, where row and column are 0."""

    sheet: str
    row: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return it as people find it in Excel."""
        if not self.row:
            return f"sheet {self.sheet}"
        return f"sheet {self.sheet}, row {self.row}, column {chr(ord('A') + self.column - 1)}"


class Fault(NamedTuple):
    """What is wrong, and where."""

    spot: Spot
    says: str


class SheetsError(Exception):
    """A file cannot be read as Excel; the message says why, without the file's name."""


class FormError(Exception):
    """A form cannot be taken; the message has a line for each thing that is wrong (TRM-1)."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = sorted(set(faults))
        super().__init__("\n".join(f"{fault.spot}: {fault.says}" for fault in self.faults))


@dataclass(frozen=True, slots=True)
class ListedTerminal:
    """A terminal as form I lists it."""

    terminal_class: TerminalClass
    issuer: str
    """The issuer's name, for class ア; else empty."""
    place: str
    name: str
    row: int = field(default=0, compare=False)
    """Where it stands on the sheet that lists terminals."""


@dataclass(frozen=True, slots=True)
class FormOne:
    """Form I: the terminals that a municipality wants, in its order.

    What could not be read is empty, or left out; one with faults is never issued.
    """

    municipality_name: str
    municipality_code: str
    terminals: tuple[ListedTerminal, ...]
    faults: tuple[Fault, ...] = ()
    name_spot: Spot = field(default=Spot(""), compare=False)
    code_spot: Spot = field(default=Spot(""), compare=False)


@dataclass(frozen=True, slots=True)
class IssuedTerminal:
    """A terminal as form II tells its municipality."""

    listed: ListedTerminal
    terminal_id: str
    password: str | None
    """None where it keeps the one that an earlier form II told."""


@dataclass(frozen=True, slots=True)
class FormTwo:
    """Form II: the terminals of a form I with their IDs and passwords."""

    municipality_name: str
    municipality_code: str
    terminals: tuple[IssuedTerminal, ...]


@dataclass(frozen=True, slots=True)
class ReturnedTerminal:
    """A row of a form II that came back."""

    terminal_id: str
    terminal_class: TerminalClass
    place: str
    name: str
    is_to_be_withdrawn: bool
    row: int = field(default=0, compare=False)
    """Where it stands on the sheet that lists terminals."""


@dataclass(frozen=True, slots=True)
class ReturnedForm:
    """A form II that came back.

    What could not be read is empty, or left out; one with faults withdraws nothing.
    """

    municipality_code: str
    terminals: tuple[ReturnedTerminal, ...]
    faults: tuple[Fault, ...] = ()
    code_spot: Spot = field(default=Spot(""), compare=False)
