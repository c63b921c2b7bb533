"""The commands: for each its bytes, and what it does to the printer."""

from collections.abc import Callable

from PIL import Image

from tests.paper import charset, codes, drawing
from tests.paper.errors import CommandError
from tests.paper.paper import Picture
from tests.paper.printer import Printer
from tests.paper.reader import Reader
from tests.paper.state import Align, Script

ESC, FS, GS, DLE = b"\x1b", b"\x1c", b"\x1d", b"\x10"
LONGER = (GS + b"(", GS + b"8", FS + b"(")
"""What is followed by one more byte that names the command."""

Handler = Callable[[Printer, Reader], None]
COMMANDS: dict[bytes, Handler] = {}


def command(*names: bytes) -> Callable[[Handler], Handler]:
    """Enter a function as what these bytes do."""

    def enter(handler: Handler) -> Handler:
        COMMANDS.update(dict.fromkeys(names, handler))
        return handler

    return enter


def run(printer: Printer, reader: Reader, first: int) -> None:
    """Run the command that starts with this byte."""
    name = bytes([first])
    if name in (ESC, FS, GS, DLE):
        name += reader.take(1)
    if name in LONGER:
        name += reader.take(1)
    handler = COMMANDS.get(name)
    if handler is None:
        raise CommandError("unknown command")
    handler(printer, reader)


def _choice(reader: Reader, *allowed: int) -> int:
    """Read n, as a number or as an ASCII digit, and return the number."""
    value = reader.byte()
    number = value - 48 if value >= 48 else value
    if number not in allowed:
        raise CommandError(
            f"n is {value}, not one of {', '.join(map(str, allowed))} or their digits"
        )
    return number


def _exactly(reader: Reader, *allowed: int) -> int:
    """Read n, which is one of these numbers."""
    value = reader.byte()
    if value not in allowed:
        raise CommandError(f"n is {value}, not one of {', '.join(map(str, allowed))}")
    return value


def _switch(reader: Reader) -> bool:
    """Read n, of which the lowest bit counts."""
    return bool(reader.byte() & 1)


def _bits(reader: Reader, known: int) -> int:
    """Read n, a sum of known bits."""
    value = reader.byte()
    if value & ~known:
        raise CommandError(f"n is {value:02X} with undefined bits")
    return value


def _nothing(_printer: Printer, _reader: Reader) -> None:
    pass


# Lines

COMMANDS[b"\r"] = _nothing  # automatic line feed is off


@command(b"\n")
def _line_feed(printer: Printer, _reader: Reader) -> None:
    printer.feed_line()


@command(b"\t")
def _tab(printer: Printer, _reader: Reader) -> None:
    printer.tab()


@command(ESC + b"d")
def _feed_lines(printer: Printer, reader: Reader) -> None:
    printer.feed_lines(reader.byte())


@command(ESC + b"J")
def _feed_dots(printer: Printer, reader: Reader) -> None:
    printer.feed_dots(reader.byte())


@command(ESC + b"2")
def _default_spacing(printer: Printer, _reader: Reader) -> None:
    printer.state.line_spacing = printer.state.LINE_SPACING


@command(ESC + b"3")
def _line_spacing(printer: Printer, reader: Reader) -> None:
    printer.state.line_spacing = reader.byte()


@command(ESC + b"@")
def _initialise(printer: Printer, _reader: Reader) -> None:
    printer.reset()


# Places


@command(ESC + b"a")
def _justify(printer: Printer, reader: Reader) -> None:
    align = Align(_choice(reader, 0, 1, 2))
    printer.require_line_start()
    printer.state.align = align


@command(ESC + b"$")
def _absolute(printer: Printer, reader: Reader) -> None:
    printer.move(reader.number())


@command(ESC + b"\\")
def _relative(printer: Printer, reader: Reader) -> None:
    distance = int.from_bytes(reader.take(2), "little", signed=True)
    printer.move(printer.position + distance)


@command(GS + b"L")
def _left_margin(printer: Printer, reader: Reader) -> None:
    margin = reader.number()
    printer.require_line_start()
    if margin >= printer.state.dots:
        raise CommandError(f"the left margin {margin} leaves no room on the paper")
    printer.state.left_margin = margin


@command(GS + b"W")
def _area_width(printer: Printer, reader: Reader) -> None:
    width = reader.number()
    printer.require_line_start()
    if not width:
        raise CommandError("the print area has no width")
    printer.state.area_asked = width


# Characters


@command(ESC + b"R")
def _country(printer: Printer, reader: Reader) -> None:
    printer.state.country = _exactly(reader, *charset.COUNTRIES)


@command(ESC + b"t")
def _page(printer: Printer, reader: Reader) -> None:
    printer.state.page = _exactly(reader, *charset.PAGES)


@command(FS + b"&")
def _kanji_on(printer: Printer, _reader: Reader) -> None:
    printer.state.kanji_mode = True


@command(FS + b".")
def _kanji_off(printer: Printer, _reader: Reader) -> None:
    printer.state.kanji_mode = False


@command(FS + b"C")
def _kanji_system(printer: Printer, reader: Reader) -> None:
    printer.state.shift_jis = _choice(reader, 0, 1) == 1


@command(FS + b"(A")
def _kanji_font(_printer: Printer, reader: Reader) -> None:
    if reader.number() != 2 or reader.byte() != 48 or reader.byte() not in (0, 48):
        raise CommandError("only kanji font A (24 x 24 dots) is known")


@command(ESC + b"M")
def _font(printer: Printer, reader: Reader) -> None:
    printer.state.small_font = _choice(reader, 0, 1) == 1


def _set_size(script: Script, width: int, height: int) -> None:
    script.width, script.height = width, height


@command(GS + b"!")
def _size(printer: Printer, reader: Reader) -> None:
    value = _bits(reader, 0x77)
    for script in (printer.state.single, printer.state.kanji):
        _set_size(script, (value >> 4) + 1, (value & 7) + 1)


@command(ESC + b"!")
def _print_mode(printer: Printer, reader: Reader) -> None:
    """Only emphasis is for kanji too."""
    value = _bits(reader, 0xB9)
    state = printer.state
    state.small_font = bool(value & 1)
    state.emphasised = bool(value & 8)
    state.single.underlined = bool(value & 0x80)
    _set_size(state.single, 2 if value & 0x20 else 1, 2 if value & 0x10 else 1)


@command(FS + b"!")
def _kanji_print_mode(printer: Printer, reader: Reader) -> None:
    value = _bits(reader, 0x8C)
    kanji = printer.state.kanji
    kanji.underlined = bool(value & 0x80)
    _set_size(kanji, 2 if value & 4 else 1, 2 if value & 8 else 1)


@command(FS + b"W")
def _kanji_quadruple(printer: Printer, reader: Reader) -> None:
    size = 2 if _switch(reader) else 1
    _set_size(printer.state.kanji, size, size)


@command(ESC + b"E")
def _emphasise(printer: Printer, reader: Reader) -> None:
    printer.state.emphasised = _switch(reader)


@command(ESC + b"G")
def _strike_twice(printer: Printer, reader: Reader) -> None:
    printer.state.double_struck = _switch(reader)


def _set_underline(script: Script, thickness: int) -> None:
    """Switching off keeps the thickness, for ESC ! and FS ! to switch on again."""
    script.underlined = thickness > 0
    script.thickness = thickness or script.thickness


@command(ESC + b"-")
def _underline(printer: Printer, reader: Reader) -> None:
    _set_underline(printer.state.single, _choice(reader, 0, 1, 2))


@command(FS + b"-")
def _kanji_underline(printer: Printer, reader: Reader) -> None:
    _set_underline(printer.state.kanji, _choice(reader, 0, 1, 2))


@command(GS + b"B")
def _reverse(printer: Printer, reader: Reader) -> None:
    printer.state.reverse = _switch(reader)


@command(ESC + b"{")
def _upside_down(printer: Printer, reader: Reader) -> None:
    upside_down = _switch(reader)
    printer.require_line_start()
    printer.state.upside_down = upside_down


@command(ESC + b" ")
def _spacing(printer: Printer, reader: Reader) -> None:
    printer.state.single.space_after = reader.byte()


@command(FS + b"S")
def _kanji_spacing(printer: Printer, reader: Reader) -> None:
    before, after = reader.take(2)
    printer.state.kanji.space_before, printer.state.kanji.space_after = before, after


# Barcodes


@command(GS + b"h")
def _bar_height(printer: Printer, reader: Reader) -> None:
    printer.state.bar_height = _exactly(reader, *range(1, 256))


@command(GS + b"w")
def _bar_module(printer: Printer, reader: Reader) -> None:
    printer.state.bar_module = _exactly(reader, *codes.WIDE)


@command(GS + b"H")
def _hri_place(printer: Printer, reader: Reader) -> None:
    printer.state.hri_place = _choice(reader, 0, 1, 2, 3)


@command(GS + b"f")
def _hri_font(printer: Printer, reader: Reader) -> None:
    printer.state.hri_small = _choice(reader, 0, 1) == 1


@command(GS + b"k")
def _barcode(printer: Printer, reader: Reader) -> None:
    kind = reader.byte()
    if kind not in codes.SYMBOLOGIES:
        raise CommandError(f"no barcode of the kind {kind}")
    data = reader.until_nul() if kind < 65 else reader.take(reader.byte())
    bars = codes.SYMBOLOGIES[kind](data)
    state = printer.state
    image = codes.draw_bars(bars, state.bar_module, state.bar_height)
    hri = bars.text if state.hri_place else ""
    printer.print_picture(
        Picture(bars.kind, image, bars.text, hri),
        _with_hri(image, hri, state.hri_place, drawing.SMALL if state.hri_small else drawing.HALF),
    )


def _with_hri(image: Image.Image, hri: str, place: int, cell: drawing.Cell) -> Image.Image:
    """Write the text above (1), below (2) or on both sides of the bars, in their middle."""
    if not place:
        return image
    text = drawing.text("".join(char if char >= " " else " " for char in hri), cell)
    width = max(image.width, text.width)
    height = cell[1]
    above, below = place & 1, place >> 1
    whole = drawing.blank(width, image.height + height * (above + below))
    whole.paste(image, ((width - image.width) // 2, height * above))
    for needed, y in ((above, 0), (below, whole.height - height)):
        if needed:
            whole.paste(text, ((width - text.width) // 2, y))
    return whole


# QR codes

QR = 49


@command(GS + b"(k")
def _two_dimensional(printer: Printer, reader: Reader) -> None:
    """Read the length first: the function must be within it."""
    inner = Reader(reader.take(reader.number()))
    if inner.byte() != QR:
        raise CommandError("of the two-dimensional codes only QR is known")
    function = inner.byte()
    if function not in _QR_FUNCTIONS:
        raise CommandError(f"QR has no function {function}")
    _QR_FUNCTIONS[function](printer, inner)
    if not inner.at_end:
        raise CommandError("longer than the function")


def _qr_model(_printer: Printer, inner: Reader) -> None:
    if inner.take(2) != b"2\0":
        raise CommandError("only QR model 2 is known")


def _qr_module(printer: Printer, inner: Reader) -> None:
    printer.state.qr_module = _exactly(inner, *range(1, 17))


def _qr_level(printer: Printer, inner: Reader) -> None:
    printer.state.qr_level = _exactly(inner, *codes.QR_LEVELS)


def _qr_store(printer: Printer, inner: Reader) -> None:
    _exactly(inner, 48)
    printer.state.qr_data = inner.rest()
    if not printer.state.qr_data:
        raise CommandError("no data for the QR code")


def _qr_print(printer: Printer, inner: Reader) -> None:
    _exactly(inner, 48)
    state = printer.state
    if not state.qr_data:
        raise CommandError("no data is stored for the QR code")
    image = codes.draw_qr(state.qr_data, state.qr_level, state.qr_module)
    text = state.qr_data.decode("utf-8", "backslashreplace")
    printer.print_picture(Picture("QR", image, text))


_QR_FUNCTIONS: dict[int, Handler] = {
    65: _qr_model,
    67: _qr_module,
    69: _qr_level,
    80: _qr_store,
    81: _qr_print,
}


# Rasters


def _dots(data: bytes, width: int, height: int, scale: tuple[int, int]) -> Image.Image:
    """Turn rows of bits into a picture; a set bit is a black dot."""
    image = Image.frombytes("1", (width, height), data, "raw", "1;I").convert("L")
    size = (width * scale[0], height * scale[1])
    return image if scale == (1, 1) else image.resize(size, Image.Resampling.NEAREST)


@command(GS + b"v")
def _raster(printer: Printer, reader: Reader) -> None:
    _exactly(reader, 48)
    mode = _choice(reader, 0, 1, 2, 3)
    columns, rows = reader.number(), reader.number()
    if not columns or not rows:
        raise CommandError("the raster has no dots")
    data = reader.take(columns * rows)
    image = _dots(data, columns * 8, rows, (1 + (mode & 1), 1 + (mode >> 1)))
    printer.print_picture(Picture("raster", image))


@command(GS + b"(L", GS + b"8L")
def _graphics(printer: Printer, reader: Reader) -> None:
    length = reader.number(4 if reader.seen.startswith(GS + b"8") else 2)
    inner = Reader(reader.take(length))
    _exactly(inner, 48)
    function = inner.byte()
    if function == 112:
        _store_graphics(printer, inner)
    elif function in (2, 50):
        _print_graphics(printer)
    else:
        raise CommandError(f"graphics have no function {function}")
    if not inner.at_end:
        raise CommandError("longer than the function")


def _store_graphics(printer: Printer, inner: Reader) -> None:
    _exactly(inner, 48)
    scale = (_exactly(inner, 1, 2), _exactly(inner, 1, 2))
    _exactly(inner, 49)
    width, height = inner.number(), inner.number()
    if not width or not height:
        raise CommandError("the graphics have no dots")
    if printer.state.graphics:
        raise CommandError("graphics are stored already and not printed yet")
    data = inner.take((width + 7) // 8 * height)
    printer.state.graphics = _dots(data, width, height, scale)


def _print_graphics(printer: Printer) -> None:
    image = printer.state.graphics
    if image is None:
        raise CommandError("no graphics are stored")
    printer.state.graphics = None
    printer.print_picture(Picture("raster", image))


# The knife, the drawer, tests and status


@command(GS + b"V")
def _cut(printer: Printer, reader: Reader) -> None:
    mode = _exactly(reader, 0, 1, 48, 49, 65, 66)
    printer.cut(reader.byte() if mode >= 65 else None)


@command(ESC + b"p")
def _drawer(printer: Printer, reader: Reader) -> None:
    _choice(reader, 0, 1)
    reader.take(2)
    printer.open_drawer()


@command(GS + b"(A")
def _test_print(printer: Printer, reader: Reader) -> None:
    """Print a test pattern; the printer then starts anew."""
    if reader.number() != 2:
        raise CommandError("a test print has two parameters")
    _choice(reader, 0, 1, 2)
    _exactly(reader, 1, 2, 3, 49, 50, 51, 64)
    pattern = Image.linear_gradient("L").resize((printer.state.area, 24)).convert("1").convert("L")
    printer.print_picture(Picture("test print", pattern))
    printer.reset()


@command(GS + b"a")
def _status_back(_printer: Printer, reader: Reader) -> None:
    reader.byte()


@command(GS + b"r")
def _send_status(_printer: Printer, reader: Reader) -> None:
    _choice(reader, 1, 2, 4)


@command(DLE + b"\x04")
def _real_time_status(_printer: Printer, reader: Reader) -> None:
    _exactly(reader, 1, 2, 3, 4)
