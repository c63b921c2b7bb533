"""A small ESC/POS reader, written from the command list and sharing nothing with the encoder."""

from dataclasses import dataclass

ALIGNMENTS = {0: "left", 1: "centre", 2: "right"}


@dataclass(frozen=True)
class Printed:
    text: str
    align: str
    scale: tuple[int, int]
    cells: int


class Paper:
    """What a printer would have put on paper; unknown commands are an error."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0
        self._kanji = False
        self._align = "left"
        self._scale = (1, 1)
        self._text = ""
        self._cells = 0
        self.modes: dict[str, int] = {}
        self.lines: list[Printed] = []
        self.is_cut = False
        self.lines_fed = 0
        while self._position < len(data):
            assert not self.is_cut, "bytes after the cut"
            self._step()
        assert not self._text, "a line without its end"
        assert not self._kanji, "left in Kanji mode"

    def _take(self) -> int:
        self._position += 1
        return self._data[self._position - 1]

    def _step(self) -> None:
        byte = self._take()
        if byte in (0x1B, 0x1C, 0x1D):
            self._command(byte, chr(self._take()))
        elif byte == 0x0A:
            self._end_line()
        elif self._kanji:
            self._add(bytes((byte, self._take())).decode("cp932"), 2)
        else:
            self._add(self._single(byte), 1)

    def _single(self, byte: int) -> str:
        assert self.modes["R"] == 8
        if byte == 0x5C:
            return "¥"
        if 0xA1 <= byte <= 0xDF:
            assert self.modes["t"] == 1, "half-width kana need the Katakana page"
            return chr(0xFF61 + byte - 0xA1)
        assert 0x20 <= byte <= 0x7E
        return chr(byte)

    def _command(self, prefix: int, letter: str) -> None:
        match prefix, letter:
            case 0x1B, "@":
                assert self._position == 2, "initialised in the middle"
            case 0x1B, "R" | "t":
                self.modes[letter] = self._take()
            case 0x1C, "C":
                self.modes["C"] = self._take()
            case 0x1C, "&" | ".":
                assert self.modes["C"] == 1
                assert self._kanji is (letter == ".")
                self._kanji = letter == "&"
            case 0x1B, "a":
                assert not self._text, "aligned in the middle of a line"
                self._align = ALIGNMENTS[self._take()]
            case 0x1D, "!":
                size = self._take()
                self._scale = ((size >> 4) + 1, (size & 7) + 1)
            case 0x1B, "d":
                self.lines_fed += self._take()
            case 0x1D, "V":
                assert (self._take(), self._take()) == (66, 0)
                self.is_cut = True
            case _:
                raise AssertionError(f"unknown command {prefix:#x} {letter!r}")

    def _add(self, character: str, cells: int) -> None:
        self._text += character
        self._cells += cells * self._scale[0]

    def _end_line(self) -> None:
        self.lines.append(Printed(self._text, self._align, self._scale, self._cells))
        self._text = ""
        self._cells = 0
