"""Every slip of the examples on every printer: its golden files, and what its paper says."""

from collections import Counter

import pytest

from counter_tui.slips.document import CodeLine
from counter_tui.slips.escpos import encode
from tests.counter_tui.slips import make_golden
from tests.counter_tui.slips.examples import CASES, PAPERS, SLIPS
from tests.counter_tui.slips.paper_reading import printed_rows, wanted_rows
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


def test_no_golden_file_is_left_over() -> None:
    used = {make_golden.text_file(*case) for case in CASES}
    used |= {make_golden.bytes_file(*case) for case in CASES}
    assert set(make_golden.FOLDER.iterdir()) == used
