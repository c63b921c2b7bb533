"""From bytes to characters: code pages, international sets and the two kanji systems."""

from tests.paper.errors import CommandError

USA, JAPAN = 0, 8
COUNTRIES = {USA: {}, JAPAN: {0x5C: "¥", 0x7E: "‾"}}
"""The characters that ESC R puts in the place of ASCII's."""

PC437, KATAKANA = 0, 1
PAGES = (PC437, KATAKANA)

_RULES_AND_BLOCKS = "▁▂▃▄▅▆▇█▏▎▍▌▋▊▉┼┴┬┤├▔─│▕┌┐└┘╭╮╰╯"
_KANA = "".join(chr(0xFF61 + index) for index in range(0x3F))
_SIGNS = "═╞╪╡◢◣◥◤♠♥♦♣●○╱╲╳円年月日時分秒〒市区町村人▒ "
_KATAKANA_PAGE = _RULES_AND_BLOCKS + " " + _KANA + _SIGNS
"""What stands at 0x80 to 0xFF of the katakana page."""

PRIVATE_USE = range(0xE000, 0xF900)


def single(code: int, page: int, country: int) -> str:
    """Return the character of one byte."""
    if code < 0x20 or code == 0x7F:
        raise CommandError(f"no character has the code {code:02X}")
    if code < 0x80:
        return COUNTRIES[country].get(code, chr(code))
    return _KATAKANA_PAGE[code - 0x80] if page == KATAKANA else bytes([code]).decode("cp437")


def leads_shift_jis(code: int) -> bool:
    """Tell whether this is the first byte of a character of two in Shift_JIS."""
    return 0x81 <= code <= 0x9F or 0xE0 <= code <= 0xFC


def leads_jis(code: int) -> bool:
    """Tell whether this is the first byte of a character of two in JIS."""
    return 0x21 <= code <= 0x7E


def shift_jis(first: int, second: int) -> str:
    """Return the character of two bytes of Shift_JIS, with NEC's and IBM's additions."""
    try:
        char = bytes([first, second]).decode("cp932")
    except UnicodeDecodeError as error:
        raise CommandError(f"no kanji has the Shift_JIS code {first:02X}{second:02X}") from error
    if len(char) != 1 or ord(char) in PRIVATE_USE:
        raise CommandError(
            f"the Shift_JIS code {first:02X}{second:02X} is a user-defined character"
        )
    return char


def jis(first: int, second: int) -> str:
    """Return the character of two bytes of JIS, by way of its place in Shift_JIS."""
    if not (leads_jis(first) and leads_jis(second)):
        raise CommandError(f"no kanji has the JIS code {first:02X}{second:02X}")
    row = (first - 0x21) // 2
    lead = row + (0x81 if row < 0x1F else 0xC1)
    odd_trail = second + (0x1F if second < 0x60 else 0x20)
    return shift_jis(lead, odd_trail if first % 2 else second + 0x7E)
