"""docs/api.md says what the protobuf definitions say (API-4)."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from google.protobuf.descriptor import Descriptor, FileDescriptor

from server.serving.refusals import REASONS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "api.md"
HEADINGS = re.findall(r"^#+ (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)


def definitions() -> list[FileDescriptor]:
    modules = sorted((ROOT / "proto" / "jichipoint" / "v1").glob("*_pb2.py"))
    return [import_module(f"jichipoint.v1.{path.stem}").DESCRIPTOR for path in modules]


def names_of(file: FileDescriptor) -> Iterator[str]:
    """What a file defines, by the headings of the page."""
    for service in file.services_by_name.values():
        yield service.name
        yield from (f"{service.name}/{method.name}" for method in service.methods)
    for message in file.message_types_by_name.values():
        yield from message_names(message)
    yield from file.enum_types_by_name


def message_names(message: Descriptor, within: str = "") -> Iterator[str]:
    yield within + message.name
    for nested in message.nested_types:
        yield from message_names(nested, f"{within}{message.name}.")
    yield from (f"{within}{message.name}.{enum.name}" for enum in message.enum_types)


def anchor(heading: str) -> str:
    """How GitHub names a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_it_is_fresh(tmp_path: Path) -> None:
    made = tmp_path / "api.md"
    line = [sys.executable, str(ROOT / "tools" / "api_page.py"), str(made)]
    subprocess.run(line, cwd=ROOT, check=True)
    assert made.read_text("utf-8") == PAGE.read_text("utf-8"), "run make api-page"


def test_it_leaves_nothing_out() -> None:
    named = {name for file in definitions() for name in names_of(file)}
    assert named - set(HEADINGS) == set()
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \| `[A-Z_]+` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert rows == sorted(REASONS)


def test_every_field_and_value_is_explained() -> None:
    rows = Counter(re.findall(r"^\| `(\w+)` \| .*[^ |] \|$", PAGE.read_text("utf-8"), re.MULTILINE))
    expected = Counter(list(REASONS))
    for file in definitions():
        for message in file.message_types_by_name.values():
            for one in (message, *message.nested_types):
                expected.update(one.fields_by_name)
        for enum in file.enum_types_by_name.values():
            expected.update(enum.values_by_name)
    assert expected - rows == Counter()


def test_its_links_lead_to_one_heading_each() -> None:
    anchors = Counter(map(anchor, HEADINGS))
    links = set(re.findall(r"\]\(#([^)]+)\)", PAGE.read_text("utf-8")))
    assert {link: anchors[link] for link in links if anchors[link] != 1} == {}


def test_refusals_that_comments_name_exist() -> None:
    for path in sorted((ROOT / "proto" / "jichipoint" / "v1").glob("*.proto")):
        for said in re.findall(r"Refusals: (.+?)\n +rpc", path.read_text("utf-8"), re.DOTALL):
            named = set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", said))
            assert named <= set(REASONS), (path.name, named - set(REASONS))
