"""Our slips beside those of the same content by receiptline, an independent Japanese generator.

The renderer reads both, and what it reads must be the same line for line, in the same size and
at the same place. Left out of the comparison is only what the two draw differently on purpose:

- spaces at a line's ends, by which receiptline centres; the places are compared in dots;
- what rules and frames are made of, and how wide and high a frame is;
- the light zone around a QR code, which is part of receiptline's picture;
- the empty line with which receiptline ends a slip.
"""

import re
from pathlib import Path

import pytest

from counter_tui.slips.escpos import encode
from tests.counter_tui.slips.examples import PAPERS, QR_TEXT, SLIPS
from tests.paper.drawing import HALF
from tests.paper.paper import Line, Paper
from tests.paper.renderer import render

FOLDER = Path(__file__).parents[2] / "paper" / "receiptline"
SOURCES = {
    "s31": "spend",
    "s34": "voucher",
    "s36": "redemption",
    "s36-long": "redemption-long",
}
"""Whose .receipt file says the same as which of our slips."""

MERE_FRAME = re.compile(r"[┌┬┐│└┴┘╭╮╰╯─\s]*[┐│┘╮╯]")

each_pair = pytest.mark.parametrize(
    ("source", "ours", "paper"),
    [(source, ours, paper) for source, ours in SOURCES.items() for paper in ("58", "80")],
)


def by_receiptline(source: str, paper: str) -> Paper:
    printer = PAPERS[paper]
    data = (FOLDER / f"{source}-{printer.columns}.bin").read_bytes()
    return render(data, printer.dots)


def by_us(name: str, paper: str) -> Paper:
    return render(encode(SLIPS[name], PAPERS[paper]), PAPERS[paper].dots)


def compared(paper: Paper) -> list[Line]:
    """Return the lines without those that are only frame and without the empty ones at the end."""
    lines = [line for line in paper.printed if not MERE_FRAME.fullmatch(line.text)]
    while not lines[-1].text and not lines[-1].picture:
        lines.pop()
    return lines


def said(line: Line) -> str:
    if line.picture:
        return "a picture"
    if "│" in line.text:
        return " ".join(line.text.replace("│", " ").split())
    return line.text.replace("─", "-").strip(" ")


@each_pair
def test_every_line_says_the_same(source: str, ours: str, paper: str) -> None:
    theirs = [said(line) for line in compared(by_receiptline(source, paper))]
    assert [said(line) for line in compared(by_us(ours, paper))] == theirs


@each_pair
def test_every_line_is_as_large_and_stands_where_theirs_does(
    source: str, ours: str, paper: str
) -> None:
    pairs = zip(compared(by_us(ours, paper)), compared(by_receiptline(source, paper)), strict=True)
    for our, their in pairs:
        assert our.large is their.large, our.text
        if our.picture:
            assert our.left + our.right == their.left + their.right
        elif "│" not in our.text:
            assert abs(our.left - their.left) <= HALF[0], our.text
            assert abs(our.right - their.right) <= HALF[0], our.text


@pytest.mark.parametrize("paper", ["58", "80"])
def test_a_scanner_reads_the_same_qr_code(paper: str) -> None:
    codes = [("QR Code", QR_TEXT)]
    assert by_receiptline("s34", paper).codes() == by_us("voucher", paper).codes() == codes
