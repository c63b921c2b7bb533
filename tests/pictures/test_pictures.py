"""The pictures of README and docs: as the application is, and readable where no font is there."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest
from PIL import Image

from tests.pictures.reading import HEIGHT, WIDTH, Reader

ROOT = Path(__file__).parents[2]
PICTURES = {path.stem: path.read_text("utf-8") for path in (ROOT / "docs/pictures").glob("*.svg")}
SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {
    "svg": {"width", "height", "viewBox", "role"},
    "title": set(),
    "desc": set(),
    "defs": set(),
    "path": {"id", "d"},
    "rect": {"fill", "x", "y", "width", "height", "rx", "stroke", "stroke-width"},
    "g": {"fill", "stroke", "stroke-width", "transform", "shape-rendering"},
    "use": {"href", "x", "y"},
}
"""What a picture is made of: nothing that a machine's fonts or another host could change."""
CHROMIUM = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
    "--force-color-profile=srgb",
]
ACROSS = 4


def parsed(svg: str) -> Element:
    return fromstring(svg)  # noqa: S314 - our own


def text_of(svg: str) -> str:
    """What a picture shows, as it says itself."""
    return (parsed(svg).findtext(f"{SVG}desc") or "")[1:-1]


def place_of(svg: str) -> tuple[int, int]:
    """Where the screen begins in a picture, in pixels."""
    (place,) = re.findall(r'translate\((\d+),(\d+)\)">\n<g shape', svg)
    return int(place[0]) // 10, int(place[1]) // 10


def size_of(svg: str) -> tuple[int, int]:
    top = parsed(svg)
    return int(top.attrib["width"]), int(top.attrib["height"])


def on_each_other(svg: str) -> str:
    """A picture in which letters lie on each other, as where a browser's font was too broad."""

    def moved(found: re.Match[str]) -> str:
        return f'{found[1]} x="{int(found[2]) // 240 * 240}"'

    return re.sub(r'(<use href="#[rb]\w+") x="(\d+)"', moved, svg)


def screenshot(pictures: dict[str, str], folder: Path) -> dict[str, Image.Image]:
    """What a browser draws of each picture's screen. It starts once, for one page with all."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    sizes = [size_of(svg) for svg in pictures.values()]
    width, height = map(max, zip(*sizes, strict=True))
    places = [(i % ACROSS * width, i // ACROSS * height) for i in range(len(pictures))]
    images = ""
    for (name, svg), (left, top) in zip(pictures.items(), places, strict=True):
        (folder / f"{name}.svg").write_text(svg, "utf-8")
        images += f'<img src="{name}.svg" style="position:absolute;left:{left}px;top:{top}px">'
    page, drawn = folder / "page.html", folder / "page.png"
    page.write_text(f"<!DOCTYPE html><body>{images}</body>", "utf-8")
    window = f"--window-size={ACROSS * width},{places[-1][1] + height}"
    own = [window, f"--user-data-dir={folder / 'browser'}", f"--screenshot={drawn}"]
    line = [chromium, *CHROMIUM, *own, page.as_uri()]
    subprocess.run(line, check=True, capture_output=True, timeout=120)
    with Image.open(drawn) as whole:
        shown = whole.convert("RGB")
    boxes = {}
    for (name, svg), (left, top) in zip(pictures.items(), places, strict=True):
        x, y = place_of(svg)
        corner = left + x, top + y
        columns, rows = (size_of(svg)[0] - 2 * x) // WIDTH, text_of(svg).count("\n") + 1
        end = corner[0] + columns * WIDTH, corner[1] + rows * HEIGHT
        boxes[name] = shown.crop((*corner, *end))
    return boxes


def test_they_are_fresh(tmp_path: Path) -> None:
    tool = ROOT / "tools" / "pictures.py"
    line = [sys.executable, str(tool), str(tmp_path)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = {path.stem: path.read_text("utf-8") for path in tmp_path.iterdir()}
    assert made.keys() == PICTURES.keys()
    assert [name for name in made if made[name] != PICTURES[name]] == [], "run make pictures"


@pytest.mark.parametrize("name", PICTURES)
def test_one_takes_no_font_and_loads_nothing(name: str) -> None:
    top = parsed(PICTURES[name])
    parts: list[Element] = list(top.iter())
    drawn = {part.attrib["id"] for part in parts if "id" in part.attrib}
    for part in parts:
        assert set(part.attrib) <= ALLOWED[part.tag.removeprefix(SVG)], part.tag
        assert part.tag != f"{SVG}use" or part.attrib["href"].removeprefix("#") in drawn
    assert "url(" not in PICTURES[name]


def test_a_browser_shows_every_letter(tmp_path: Path) -> None:
    spoilt = {f"spoilt-{name}": on_each_other(svg) for name, svg in list(PICTURES.items())[:1]}
    shown = screenshot(PICTURES | spoilt, tmp_path)
    reader = Reader("".join(text_of(svg) for svg in PICTURES.values()))
    wrong = {name: reader.wrong_lines(shown[name], text_of(svg)) for name, svg in PICTURES.items()}
    assert {name: lines for name, lines in wrong.items() if lines} == {}
    for name, svg in spoilt.items():
        assert len(reader.wrong_lines(shown[name], text_of(svg))) > 5
