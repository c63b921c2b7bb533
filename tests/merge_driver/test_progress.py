"""How far work has come, on a line of a terminal (DRV-7, OPS-1)."""

from io import StringIO

from merge_driver.progress import SILENT, StatusLine, showing


class Seconds:
    """Seconds that go on when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def written(terminal: StringIO) -> list[str]:
    """What was written over the line, one after the other."""
    return terminal.getvalue().split("\r\x1b[K")[1:]


def test_what_ends_soon_shows_nothing() -> None:
    terminal, seconds = StringIO(), Seconds()
    line = StatusLine(terminal, 2.0, seconds)
    line.show("rows", 1, 1000)
    seconds.now += 1.9
    line.show("rows", 2, 1000)
    line.clear()
    assert terminal.getvalue() == ""


def test_what_takes_longer_is_shown_ten_times_a_second_and_goes_in_the_end() -> None:
    terminal, seconds = StringIO(), Seconds()
    line = StatusLine(terminal, 2.0, seconds)
    seconds.now += 2.5
    for done in range(1000, 1200):
        line.show("rows", done, 2_000_000)
        seconds.now += 0.01
    assert len(written(terminal)) in range(18, 21)
    assert written(terminal)[0] == "rows: 1,000 of 2,000,000"
    seconds.now += 1
    line.show("steps", 7000, 0)
    line.clear()
    line.clear()
    assert written(terminal)[-2:] == ["steps: 7,000", ""]


def test_what_is_taken_is_shown_and_all_is_given() -> None:
    terminal, seconds = StringIO(), Seconds()
    line = StatusLine(terminal, 0.0, seconds)
    assert list(showing(line, "letters", "abc", 3)) == ["a", "b", "c"]
    assert written(terminal) == ["letters: 1 of 3"]
    assert list(showing(SILENT, "letters", "abc", 3)) == ["a", "b", "c"]
