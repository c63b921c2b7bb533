"""Codes on the screen of an application, read from what its terminal would show."""

import pytest
from rich.cells import get_character_cell_size
from rich.color import Color
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from counter_tui.shell.code_view import CodeView
from counter_tui.slips.cell_codes import Symbology, linear_rows, qr_rows
from tests.counter_tui.slips.test_cell_codes import (
    CELL_SIZES,
    DARK,
    DARK_THEME,
    LIGHT,
    Cell,
    Colour,
    draw,
    scan,
)

SIZE = (80, 24)
CODES = {
    "987654321012": qr_rows("987654321012"),
    "000000000001": qr_rows("000000000001"),
    "A123456789B": linear_rows("A123456789B", Symbology.NW7),
    "D98765432101C": linear_rows("D98765432101C", Symbology.NW7),
    "LIB-0042": linear_rows("LIB-0042", Symbology.CODE39),
    "123456789012": linear_rows("123456789012", Symbology.CODE128),
    "Lib-0042": linear_rows("Lib-0042", Symbology.CODE128),
}


class CodeApp(App[None]):
    """A code among a screen's other text."""

    CSS = """
    Screen { align: center middle; }
    .text { width: auto; }
    CodeView { color: red; background: blue; text-style: dim reverse; }
    #narrow { width: 20; height: 3; }
    """

    def __init__(self, rows: list[str], around: str = "") -> None:
        super().__init__()
        self._rows = rows
        self._around = around

    def compose(self) -> ComposeResult:
        yield Static("図書館の利用者番号", classes="text")
        if self._around:
            with Horizontal(id=self._around):
                yield CodeView(self._rows)
        else:
            yield CodeView(self._rows)
        yield Static("987654321012 ▀▄█▌▐", classes="text")


def cells(app: App[None]) -> list[list[Cell]]:
    """Return the cells of the screen; a wide character takes two."""
    screen = []
    for strip in app.screen._compositor.render_strips():
        row: list[Cell] = []
        for segment in strip:
            style = segment.style
            ink = _rgb(style.color if style else None, LIGHT)
            paper = _rgb(style.bgcolor if style else None, DARK_THEME)
            if style and style.reverse:
                ink, paper = paper, ink
            for character in segment.text:
                row += [Cell(character, ink, paper)] * get_character_cell_size(character)
        screen.append(row)
    assert {len(row) for row in screen} == {SIZE[0]}
    return screen


def _rgb(colour: Color | None, otherwise: Colour) -> Colour:
    if colour is None or colour.is_default:
        return otherwise
    red, green, blue = colour.get_truecolor()
    return red, green, blue


def code_cells(app: App[None]) -> list[list[Cell]]:
    region = app.screen.query_one(CodeView).region
    return [row[region.x : region.right] for row in cells(app)[region.y : region.bottom]]


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark"])
@pytest.mark.parametrize("text", CODES)
async def test_a_scanner_reads_the_screen(text: str, theme: str) -> None:
    app = CodeApp(CODES[text])
    app.theme = theme
    async with app.run_test(size=SIZE):
        screen = cells(app)
    for cell_size in CELL_SIZES:
        assert scan(draw(screen, cell_size)) == [text]


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark"])
async def test_cells_and_colours_are_exact(theme: str) -> None:
    rows = CODES["987654321012"]
    app = CodeApp(rows)
    app.theme = theme
    async with app.run_test(size=SIZE):
        shown = code_cells(app)
    assert ["".join(cell.character for cell in row) for row in shown] == rows
    assert {cell.paper for row in shown for cell in row} == {LIGHT}
    assert {cell.ink for row in shown for cell in row if cell.character != " "} == {DARK}


async def test_another_code_can_be_shown() -> None:
    app = CodeApp(CODES["987654321012"])
    async with app.run_test(size=SIZE) as pilot:
        app.query_one(CodeView).show(CODES["A123456789B"])
        await pilot.pause()
        assert scan(draw(cells(app), (8, 16))) == ["A123456789B"]
        app.query_one(CodeView).show([])
        await pilot.pause()
        assert scan(draw(cells(app), (8, 16))) == []


async def test_no_code_at_first() -> None:
    app = CodeApp([])
    async with app.run_test(size=SIZE):
        assert scan(draw(cells(app), (8, 16))) == []


async def test_the_widget_is_as_large_as_the_code() -> None:
    rows = CODES["A123456789B"]
    app = CodeApp(rows)
    async with app.run_test(size=SIZE):
        size = app.query_one(CodeView).size
    assert size == (len(rows[0]), len(rows))


async def test_a_code_that_does_not_fit_is_cut_and_not_wrapped() -> None:
    rows = CODES["A123456789B"]
    app = CodeApp(rows, around="narrow")
    async with app.run_test(size=SIZE):
        view = app.query_one(CodeView)
        assert view.size == (len(rows[0]), len(rows))
        assert scan(draw(cells(app), (8, 16))) == []


async def test_dragging_the_mouse_across_marks_nothing() -> None:
    app = CodeApp(CODES["987654321012"])
    async with app.run_test(size=SIZE) as pilot:
        before = code_cells(app)
        await pilot.mouse_down(CodeView, offset=(2, 2))
        await pilot.hover(CodeView, offset=(20, 10))
        await pilot.mouse_up(CodeView, offset=(20, 10))
        await pilot.pause()
        assert code_cells(app) == before
