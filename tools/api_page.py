#!/usr/bin/env python3
"""Writes the reference in docs/api.md: from the protobuf definitions and the server's tables.

    python tools/api_page.py [FILE]

What stands above the page's marker is written by hand and stays. Who may call a method comes from
the servicers, reasons and messages from each room's errors.py. FILE takes the page instead of
docs/api.md.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import google.api
from google.api import field_behavior_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)

from server.callers.values import TerminalClass
from server.rpc.access import EVERY_TERMINAL, Anyone, IssuerSystems, declared_by
from server.serving.refusals import REASONS
from server.serving.services import SERVICERS

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "api.md"
MARKER = "<!-- Below this line: made by `make api-page`. Above it: written by hand. -->\n"
PACKAGE = "jichipoint.v1"
FIRST = ("terminals", "points", "programs", "cards", "operations")
"""Definitions that are read first; the others follow by name."""
AGENT = "agent"
"""Served by the counter machine's agent and not by the server: it comes last."""
AGENT_ACCESS = "Served by the counter machine's [agent](agent.md) to programs that have its token."
GOOGLE = ("google/api", "google/rpc", "google/type")
"""Google's common definitions that ours import; buf itself knows google/protobuf."""
CODE = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")

# Numbers of the fields in google/protobuf/descriptor.proto, of which a comment's path is made.
SYNTAX, MESSAGES, ENUMS, SERVICES = 12, 4, 5, 6
FIELDS, NESTED_MESSAGES, NESTED_ENUMS, ONEOFS = 2, 3, 4, 8
VALUES = METHODS = 2

Location = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Definitions:
    """One .proto file with its comments."""

    file: FileDescriptorProto
    comments: dict[Location, str] = field(default_factory=dict)

    @classmethod
    def of(cls, file: FileDescriptorProto) -> "Definitions":
        """Take the comments out of the file's source information."""
        locations = file.source_code_info.location
        return cls(file, {tuple(one.path): one.leading_comments for one in locations})

    @property
    def name(self) -> str:
        """Its file's name without folder and suffix."""
        return Path(self.file.name).stem

    def comment(self, *location: int) -> str:
        """Return what the comment before a definition says."""
        return prose(self.comments[location])

    def messages(self) -> Iterator[tuple[str, DescriptorProto, Location]]:
        """Name, definition and location of every message, those within others after them."""
        for index, message in enumerate(self.file.message_type):
            yield message.name, message, (MESSAGES, index)
            for inner, nested in enumerate(message.nested_type):
                location = (MESSAGES, index, NESTED_MESSAGES, inner)
                yield f"{message.name}.{nested.name}", nested, location

    def enums(self) -> Iterator[tuple[str, EnumDescriptorProto, Location]]:
        """Name, definition and location of every enum."""
        for index, enum in enumerate(self.file.enum_type):
            yield enum.name, enum, (ENUMS, index)
        for index, message in enumerate(self.file.message_type):
            for inner, enum in enumerate(message.enum_type):
                location = (MESSAGES, index, NESTED_ENUMS, inner)
                yield f"{message.name}.{enum.name}", enum, location


def definitions() -> list[Definitions]:
    """Return our definitions in the order of the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "proto" / "jichipoint", folder / "jichipoint")
        for part in GOOGLE:
            common = Path(next(iter(google.api.__path__))).parents[1] / part
            shutil.copytree(common, folder / part, ignore=shutil.ignore_patterns("*.py*"))
        buf = Path(sys.executable).with_name("buf")
        line = [str(buf), "build", "--output", "-", "--as-file-descriptor-set"]
        built = subprocess.run(line, cwd=folder, check=True, capture_output=True)  # noqa: S603
    files = FileDescriptorSet.FromString(built.stdout).file
    ours = [Definitions.of(file) for file in files if file.package == PACKAGE]
    return sorted(ours, key=place_on_page)


def place_on_page(definitions: Definitions) -> tuple[bool, int, str]:
    """Return what the order goes by."""
    name = definitions.name
    return name == AGENT, FIRST.index(name) if name in FIRST else len(FIRST), name


def prose(comment: str) -> str:
    """Return a comment as Markdown: its lines joined, constants as code."""
    paragraphs = re.split(r"\n\s*\n", comment.strip())
    joined = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    return CODE.sub(r"`\g<0>`", joined.replace("<", "&lt;"))


def cell(text: str) -> str:
    """Return a text that fits into a table's cell."""
    return " ".join(text.split()).replace("|", r"\|")


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Give a table, one line after the other."""
    names = list(heads)
    yield f"| {' | '.join(names)} |"
    yield "|---" * len(names) + "|"
    for row in rows:
        yield f"| {' | '.join(map(cell, row))} |"
    yield ""


def link(name: str) -> str:
    """Return a link to the heading of a name."""
    return f"[`{name}`](#{re.sub('[^a-z0-9]', '', name.lower())})"


def type_of(one: FieldDescriptorProto) -> str:
    """Return a field's type, with a link where it is one of ours."""
    name = one.type_name.removeprefix(".")
    if name.startswith(f"{PACKAGE}."):
        shown = link(name.removeprefix(f"{PACKAGE}."))
    else:
        plain = FieldDescriptorProto.Type.Name(one.type).removeprefix("TYPE_").lower()
        shown = f"`{name or plain}`"
    if one.label == FieldDescriptorProto.LABEL_REPEATED:
        return f"repeated {shown}"
    return f"optional {shown}" if one.proto3_optional else shown


def is_required(one: FieldDescriptorProto) -> bool:
    """Whether a request without the field is refused."""
    extension = field_behavior_pb2.field_behavior
    behaviours: Sequence[int] = one.options.Extensions[extension]  # type: ignore[index]
    return field_behavior_pb2.REQUIRED in behaviours


def contents(files: list[Definitions]) -> Iterator[str]:
    """Give a table of all services and methods."""
    yield "## Services\n"
    rows = []
    for file in files:
        for index, service in enumerate(file.file.service):
            methods = [
                link(f"{service.name}/{method.name}").replace(f"`{service.name}/", "`")
                for method in service.method
            ]
            first, *_ = file.comment(SERVICES, index).split("\n\n")
            rows.append((link(service.name), first, ", ".join(methods)))
    yield from table(("service", "", "methods"), rows)


def services(file: Definitions, servicers: dict[str, type]) -> Iterator[str]:
    """Give the sections of a file's services."""
    for index, service in enumerate(file.file.service):
        yield f"### {service.name}\n"
        yield file.comment(SERVICES, index) + "\n"
        for inner, method in enumerate(service.method):
            yield f"#### {service.name}/{method.name}\n"
            yield file.comment(SERVICES, index, METHODS, inner) + "\n"
            asked, answered = (
                link(name.removeprefix(f".{PACKAGE}."))
                for name in (method.input_type, method.output_type)
            )
            is_agents = file.name == AGENT
            access = AGENT_ACCESS if is_agents else open_to(servicers[service.name], method)
            yield f"{asked} → {answered}. {access}\n"


def open_to(servicer: type, method: MethodDescriptorProto) -> str:
    """Return who may call a method, as its servicer declares it."""
    declared = declared_by(getattr(servicer, method.name))
    if declared is None:
        return "Open to nobody."
    access = declared.access
    if isinstance(access, Anyone):
        return "Open to anyone, without a session."
    if isinstance(access, IssuerSystems):
        return "Open to the systems of issuers, such as a shopping street's."
    if access == EVERY_TERMINAL:
        return "Open to every terminal."
    classes = ", ".join(f"`{one.name}`" for one in TerminalClass if one in access)
    return f"Open to terminals of [class](#terminalclass) {classes}."


def messages(file: Definitions) -> Iterator[str]:
    """Give the sections of a file's messages."""
    for name, message, location in file.messages():
        yield f"### {name}\n"
        yield file.comment(*location) + "\n"
        for index, oneof in enumerate(message.oneof_decl):
            if not oneof.name.startswith("_"):  # those stand for optional fields
                said = file.comment(*location, ONEOFS, index)
                yield f"At most one of `{oneof.name}` is set. {said}\n"
        rows = []
        for index, one in enumerate(message.field):
            said = file.comment(*location, FIELDS, index)
            if is_required(one):
                said = f"**Required.** {said}"
            if one.HasField("oneof_index") and not one.proto3_optional:
                said = f"One of `{message.oneof_decl[one.oneof_index].name}`. {said}"
            rows.append((f"`{one.name}`", type_of(one), said))
        if rows:
            yield from table(("field", "type", ""), rows)


def enums(file: Definitions) -> Iterator[str]:
    """Give the sections of a file's enums."""
    for name, enum, location in file.enums():
        yield f"### {name}\n"
        yield file.comment(*location) + "\n"
        rows = [
            (f"`{value.name}`", file.comment(*location, VALUES, index))
            for index, value in enumerate(enum.value)
        ]
        yield from table(("value", ""), rows)


def reasons() -> Iterator[str]:
    """Give the table of all reasons."""
    yield "## Reasons\n"
    yield (
        "What stands in braces is in `ErrorInfo.metadata` under that name. "
        "The agent has reasons of its own ([agent](agent.md#by-grpc)).\n"
    )
    rows = [
        (f"`{reason}`", f"`{row.code.name}`", row.english, row.japanese)
        for reason, row in sorted(REASONS.items())
    ]
    yield from table(("reason", "status code", "English message", "Japanese message"), rows)


def reference() -> Iterator[str]:
    """Give what stands below the marker."""
    files, servicers = definitions(), {one.name: servicer for one, servicer in SERVICERS.items()}
    yield from contents(files)
    for file in files:
        yield f"## {file.name}.proto\n"
        yield file.comment(SYNTAX) + "\n"
        yield from services(file, servicers)
        yield from messages(file)
        yield from enums(file)
    yield from reasons()


def main(target: Path = PAGE) -> None:
    """Write the page: what was written by hand, and the reference below it."""
    by_hand, marker, _ = PAGE.read_text("utf-8").partition(MARKER)
    if not marker:
        raise SystemExit(f"{PAGE} has no line {MARKER}")
    text = "\n".join(reference()).rstrip("\n")
    target.write_text(f"{by_hand}{MARKER}\n{text}\n", "utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
