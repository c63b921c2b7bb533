"""Every slip of the examples on every printer: its golden files, and what its paper says."""

import ast
from pathlib import Path

import pytest

import counter_tui
from counter_tui.slips.document import CodeLine, render_text
from counter_tui.slips.escpos import QR_DOTS, encode
from tests.counter_tui.slips import make_golden
from tests.counter_tui.slips.examples import CASES, PAPERS, PRACTICE, SLIPS
from tests.counter_tui.slips.paper_reading import printed_rows, wanted_rows
from tests.paper.drawing import PAPER
from tests.paper.renderer import render

each_case = pytest.mark.parametrize(("name", "paper"), CASES)


@each_case
def test_the_text_is_the_golden_one(name: str, paper: str) -> None:
    golden = make_golden.text_file(name, paper).read_text("utf-8")
    assert make_golden.text(name, paper) == golden


@each_case
def test_the_bytes_are_the_golden_ones(name: str, paper: str) -> None:
    golden = make_golden.bytes_file(name, paper).read_bytes()
    assert encode(SLIPS[name], PAPERS[paper]) == golden


@each_case
def test_the_paper_says_what_the_document_says(name: str, paper: str) -> None:
    slip, printer = SLIPS[name], PAPERS[paper]
    printed = render(make_golden.bytes_file(name, paper).read_bytes(), printer.dots)
    assert printed_rows(printed, slip, printer.columns) == wanted_rows(slip, printer.columns)
    assert printed.cuts == 1


@each_case
def test_a_scanner_reads_the_codes_of_the_whole_paper(name: str, paper: str) -> None:
    slip, printer = SLIPS[name], PAPERS[paper]
    printed = render(make_golden.bytes_file(name, paper).read_bytes(), printer.dots)
    codes = [part.text for part in slip.parts if isinstance(part, CodeLine)]
    assert [text for _, text in printed.codes()] == codes


@pytest.mark.parametrize("paper", ["58", "80"])
def test_a_qr_code_has_four_light_modules_above_and_below(paper: str) -> None:
    printer = PAPERS[paper]
    printed = render(make_golden.bytes_file("voucher", paper).read_bytes(), printer.dots)
    (code,) = (line for line in printed.printed if line.picture)
    quiet = 4 * QR_DOTS
    above = printed.image.crop((0, code.top - quiet, printer.dots, code.top))
    below = printed.image.crop((0, code.bottom, printer.dots, code.bottom + quiet))
    assert above.getextrema() == below.getextrema() == (PAPER, PAPER)


def test_no_golden_file_is_left_over() -> None:
    used = {make_golden.text_file(*case) for case in CASES}
    used |= {make_golden.bytes_file(*case) for case in CASES}
    assert set(make_golden.FOLDER.iterdir()) == used


@pytest.mark.parametrize("name", PRACTICE)
def test_a_slip_of_practice_says_so_first_and_last(name: str) -> None:
    lines = render_text(PRACTICE[name])
    assert [number for number, line in enumerate(lines) if "【練習】" in line] == [
        0,
        len(lines) - 2,
    ]


def test_no_slip_is_made_but_by_a_letterhead() -> None:
    """Whatever a training session prints, now or later, is made there, and so marked (USE-7)."""
    package = Path(counter_tui.__file__).parent
    made = {
        (path.relative_to(package).as_posix(), scope.name)
        for path in package.rglob("*.py")
        if "Slip" in path.read_text("utf-8") and "printers" not in path.parts
        for scope in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(scope)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Slip"
    }
    assert made == {("slips/receipts.py", "slip")}
