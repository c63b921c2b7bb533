"""`python -m tests.counter_tui.slips.make_golden`: write the golden files of every slip anew.

Read the differences before they are committed: `git diff` shows the texts, and says of which
slips the bytes are others. Pictures are drawn with the fonts that `fonts.py` names.
"""

from pathlib import Path

from counter_tui.slips.document import render_text
from counter_tui.slips.escpos import encode
from tests.counter_tui.slips.examples import CASES, PAPERS, SLIPS
from tests.counter_tui.slips.fonts import use_named_fonts

FOLDER = Path(__file__).parent / "golden"


def text_file(name: str, paper: str) -> Path:
    """The text depends on how wide the paper is, and not on what the printer can draw."""
    return FOLDER / f"{name}-{paper[:2]}.txt"


def bytes_file(name: str, paper: str) -> Path:
    return FOLDER / f"{name}-{paper}.bin"


def text(name: str, paper: str) -> str:
    lines = render_text(SLIPS[name], PAPERS[paper].columns)
    return "".join(f"{line}\n" for line in lines)


def main() -> None:
    use_named_fonts()
    for old in FOLDER.iterdir():
        old.unlink()
    for name, paper in CASES:
        text_file(name, paper).write_text(text(name, paper), "utf-8")
        bytes_file(name, paper).write_bytes(encode(SLIPS[name], PAPERS[paper]))


if __name__ == "__main__":
    main()
