"""Every slip of the examples on every printer: its golden files, and what its paper says."""

import pytest

from counter_tui.slips.document import CodeLine
from counter_tui.slips.escpos import QR_DOTS, encode
from tests.counter_tui.slips import make_golden
from tests.counter_tui.slips.examples import CASES, PAPERS, SLIPS
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
