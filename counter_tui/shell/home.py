"""The screen that everything is opened from."""

from typing import Generic, TypeVar

from counter_tui.shell.base import CounterScreen
from counter_tui.shell.widgets import NumberedList

R = TypeVar("R")


class HomeScreen(CounterScreen[R], Generic[R]):
    """What stands there while nobody does anything; a list, unless a face says otherwise."""

    ACTS = False

    def begin_anew(self) -> None:
        """Stand as at the beginning."""
        self.tell("")
        for tasks in self.query(NumberedList):
            tasks.show(tasks.lines)

    def come_back(self, result: object) -> None:
        """Tell what a task gives back in words."""
        if isinstance(result, str):
            self.tell(result)
