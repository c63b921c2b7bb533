"""What a printer does not know, would ignore or would lose is an error, and only that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.paper import drawing
from tests.paper.commands import COMMANDS
from tests.paper.errors import MissingFontError, UnknownCommandError
from tests.paper.renderer import render
from tests.paper.samples import SAMPLES, STORE_DOT, Sample


def error(data: bytes) -> UnknownCommandError:
    with pytest.raises(UnknownCommandError) as caught:
        render(data)
    return caught.value


def test_every_command_has_a_sample() -> None:
    sampled = {name for name in COMMANDS for sample in SAMPLES if sample.command.startswith(name)}
    assert sampled == set(COMMANDS)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.command[:8].hex())
def test_a_sample_is_valid(sample: Sample) -> None:
    render(sample.before + sample.command + sample.after)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.command[:8].hex())
def test_a_command_cut_short_is_an_error_wherever_it_is_cut(sample: Sample) -> None:
    for length in range(1, len(sample.command)):
        cut = error(sample.before + sample.command[:length])
        assert cut.reason.startswith("cut short")
        assert cut.offset == len(sample.before)
        assert cut.data == sample.command[:length]


def test_an_error_says_where_and_what() -> None:
    unknown = error(b"abc\n\x1b\x7f rest")
    assert (unknown.offset, unknown.data) == (4, b"\x1b\x7f")
    assert str(unknown) == "offset 4: unknown command [1b 7f]"


def test_long_data_is_shown_in_part() -> None:
    assert str(error(b"\x1dk\x04" + bytes(range(97, 123)) * 3 + b"\0")).endswith("...]")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x00", id="NUL"),
        pytest.param(b"\x07", id="bell"),
        pytest.param(b"\x0c", id="form feed: page mode"),
        pytest.param(b"\x18", id="CAN: page mode"),
        pytest.param(b"\x7f\n", id="DEL"),
        pytest.param(b"\x1bL", id="page mode"),
        pytest.param(b"\x1cq", id="stored images"),
        pytest.param(b"\x1d(E", id="printer settings"),
        pytest.param(b"\x1d8k", id="GS 8 with something else"),
        pytest.param(b"\x1bR\x02", id="a country not modelled"),
        pytest.param(b"\x1bt\x02", id="a page not modelled"),
        pytest.param(b"\x1cC2", id="Shift_JIS-2004"),
        pytest.param(b"\x1c(A\x02\x0001", id="kanji font B"),
        pytest.param(b"\x1bM2", id="font C"),
        pytest.param(b"\x1ba\x03", id="justification"),
        pytest.param(b"\x1b-\x03", id="underline"),
        pytest.param(b"\x1d!\x08", id="size bit 3"),
        pytest.param(b"\x1b!\x40", id="mode bit 6"),
        pytest.param(b"\x1c!\x10", id="kanji mode bit 4"),
        pytest.param(b"\x1b$\x81\x01", id="beyond the right edge"),
        pytest.param(b"\x1b\\\xff\xff", id="before the left edge"),
        pytest.param(b"\x1dL\x80\x01", id="margin as broad as the paper"),
        pytest.param(b"\x1dW\x00\x00", id="no width"),
        pytest.param(b"\x1dh\x00", id="barcode height"),
        pytest.param(b"\x1dw\x01", id="barcode module"),
        pytest.param(b"\x1dk\x010123456\x00", id="UPC-E"),
        pytest.param(b"\x1dkH\x03ABC", id="CODE93"),
        pytest.param(b"\x1dk\x09A\x00", id="no such barcode"),
        pytest.param(b"\x1dkE\x00", id="no data"),
        pytest.param(b"\x1dkE\x03abc", id="CODE39 in small letters"),
        pytest.param(b"\x1dkE\x03A*B", id="CODE39 with a star inside"),
        pytest.param(b"\x1dkG\x03123", id="NW-7 without start and stop"),
        pytest.param(b"\x1dkG\x03A1E", id="NW-7 with a wrong stop"),
        pytest.param(b"\x1dkG\x02AB", id="NW-7 without data"),
        pytest.param(b"\x1dkF\x03123", id="ITF with an odd digit"),
        pytest.param(b"\x1dkC\x0b49012345678", id="JAN-13 too short"),
        pytest.param(b"\x1dkC\x0d4901234567890", id="JAN-13 with a wrong check digit"),
        pytest.param(b"\x1dkI\x03ABC", id="CODE128 without a code set"),
        pytest.param(b"\x1dkI\x03{B", id="CODE128 cut short"),
        pytest.param(b"\x1dkI\x02{B", id="CODE128 without data"),
        pytest.param(b"\x1dkI\x03{Aa", id="CODE128 A with a small letter"),
        pytest.param(b"\x1dkI\x03{Cd", id="CODE128 C above 99"),
        pytest.param(b"\x1dkI\x04{BA{", id="CODE128 with half a brace"),
        pytest.param(b"\x1dkG\x0cA1234567890B", id="NW-7 broader than the paper at GS w 3"),
        pytest.param(b"\x1d(k\x03\x001Q0", id="QR without data"),
        pytest.param(b"\x1d(k\x03\x001P0", id="QR with empty data"),
        pytest.param(b"\x1d(k\x04\x001A1\x00", id="QR model 1"),
        pytest.param(b"\x1d(k\x03\x001C\x11", id="QR module 17"),
        pytest.param(b"\x1d(k\x03\x001E4", id="QR level"),
        pytest.param(b"\x1d(k\x04\x001C\x06\x06", id="QR function too long"),
        pytest.param(b"\x1d(k\x03\x000C\x06", id="PDF417"),
        pytest.param(b"\x1dv1\x00", id="GS v 1"),
        pytest.param(b"\x1dv0\x04\x01\x00\x01\x00\x80", id="raster mode"),
        pytest.param(b"\x1dv0\x00\x00\x00\x01\x00", id="raster without dots"),
        pytest.param(b"\x1dv0\x00\x31\x00\x01\x00" + b"\xff" * 49, id="raster too broad"),
        pytest.param(STORE_DOT, id="graphics never printed"),
        pytest.param(STORE_DOT * 2, id="graphics stored twice"),
        pytest.param(b"\x1d(L\x02\x0002", id="graphics not stored"),
        pytest.param(b"\x1d(L\x02\x0003", id="graphics function"),
        pytest.param(b"\x1dV\x02", id="cut mode"),
        pytest.param(b"\x10\x04\x05", id="real-time status"),
        pytest.param(b"\x10\x05\x01", id="real-time request"),
        pytest.param(b"\x1cC1\x81\x20\n", id="second byte of Shift_JIS"),
        pytest.param(b"\x1cC1\xf0\x40\n", id="user-defined kanji"),
        pytest.param(b"\x1c&\x21\x20\n", id="second byte of JIS"),
        pytest.param(b"\x1c&\x7e\x7e\n", id="no such JIS code"),
    ],
)
def test_what_a_printer_does_not_know(data: bytes) -> None:
    with pytest.raises(UnknownCommandError):
        render(data)


@pytest.mark.parametrize(
    "late",
    [
        pytest.param(b"\x1ba\x01", id="justification"),
        pytest.param(b"\x1dL\x10\x00", id="margin"),
        pytest.param(b"\x1dW\x10\x00", id="width"),
        pytest.param(b"\x1b{\x01", id="upside down"),
        pytest.param(b"\x1dVB\x00", id="cut"),
        pytest.param(b"\x1dkE\x01A", id="barcode"),
        pytest.param(b"\x1dv0\x00\x01\x00\x01\x00\x80", id="raster"),
        pytest.param(b"\x1b@", id="initialise"),
    ],
)
def test_what_a_printer_ignores_or_loses_within_a_line(late: bytes) -> None:
    render(b"text\n" + late)
    assert error(b"text" + late + b"\n").offset == 4


def test_a_line_that_is_never_fed_is_not_printed() -> None:
    lost = error(b"one\ntwo")
    assert lost.offset == 7
    assert "'two'" in lost.reason


@given(st.binary(max_size=60))
def test_random_bytes_raise_nothing_else(data: bytes) -> None:
    _render_or_refuse(data)


_PARTS = st.one_of(
    st.sampled_from([sample.before + sample.command + sample.after for sample in SAMPLES]),
    st.builds(bytes.__add__, st.sampled_from(sorted(COMMANDS)), st.binary(max_size=8)),
    st.binary(max_size=8),
    st.text("Aあ髙ｱ円 ", max_size=8).map(lambda text: b"\x1cC1" + text.encode("cp932")),
)


@given(st.lists(_PARTS, max_size=10).map(b"".join))
def test_commands_and_random_bytes_raise_nothing_else(data: bytes) -> None:
    _render_or_refuse(data)


def _render_or_refuse(data: bytes) -> None:
    try:
        paper = render(data + b"\n")
    except UnknownCommandError as refused:
        assert 0 <= refused.offset <= len(data) + 1
    else:
        assert paper.image.width == 384


def test_a_missing_font_is_named(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(drawing.glyph.cache_clear)
    drawing.glyph.cache_clear()
    monkeypatch.setattr(drawing, "FONT_FILE", drawing.FONT_FILE.with_name("none.ttf"))
    with pytest.raises(MissingFontError, match="apt-get install fonts-ipaexfont-gothic"):
        render(b"A\n")
