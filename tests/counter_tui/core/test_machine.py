import json
import os
import stat
from pathlib import Path

import pytest

from counter_tui.core.machine import DEFAULT_SOURCES, MachineError, machine_fingerprint

CPU = "processor\t: 0\nmodel name\t: Example 3000\ncpu MHz\t\t: {}\n\nprocessor\t: 1\n"


class Machine:
    """A machine whose identifiers are files of the test."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.machine_id = folder / "machine-id"
        self.product_uuid = folder / "product_uuid"
        self.cpuinfo = folder / "cpuinfo"
        self.machine_id.write_text("0123456789abcdef0123456789abcdef\n")
        self.product_uuid.write_text("4c4c4544-0042\n")
        self.cpuinfo.write_text(CPU.format(800))

    def fingerprint(self, chance: bytes = b"\1" * 32) -> bytes:
        sources = (self.machine_id, self.product_uuid, self.cpuinfo)
        return machine_fingerprint(self.state, sources, lambda count: chance[:count])


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_it_is_32_bytes_and_stays_the_same(machine: Machine) -> None:
    first = machine.fingerprint()
    assert len(first) == 32
    machine.cpuinfo.write_text(CPU.format(3200))
    assert machine.fingerprint() == first


def test_this_very_machine(tmp_path: Path) -> None:
    first = machine_fingerprint(tmp_path / "state")
    assert machine_fingerprint(tmp_path / "state", DEFAULT_SOURCES) == first


@pytest.mark.parametrize("part", ["machine_id", "product_uuid", "cpuinfo"])
def test_another_identifier_is_another_machine(machine: Machine, part: str) -> None:
    first = machine.fingerprint()
    path: Path = getattr(machine, part)
    path.write_text("model name : another\n")
    assert machine.fingerprint() != first


def test_identifiers_that_change_places_are_another_machine(machine: Machine) -> None:
    first = machine.fingerprint()
    a, b = machine.machine_id.read_text(), machine.product_uuid.read_text()
    machine.machine_id.write_text(b)
    machine.product_uuid.write_text(a)
    assert machine.fingerprint() != first


def test_identifiers_do_not_run_into_one_another(machine: Machine) -> None:
    machine.machine_id.write_text("ab")
    machine.product_uuid.write_text("c")
    first = machine.fingerprint()
    machine.machine_id.write_text("a")
    machine.product_uuid.write_text("bc")
    assert machine.fingerprint() != first


def test_what_becomes_readable_later_is_left_out(machine: Machine) -> None:
    uuid = machine.product_uuid.read_text()
    machine.product_uuid.unlink()
    first = machine.fingerprint()
    machine.product_uuid.write_text(uuid)
    assert machine.fingerprint() == first


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_what_cannot_be_read_any_more_is_said(machine: Machine, content: str | None) -> None:
    machine.fingerprint()
    machine.product_uuid.unlink()
    if content is not None:
        machine.product_uuid.write_text(content)
    with pytest.raises(MachineError, match="product_uuid"):
        machine.fingerprint()


@pytest.mark.parametrize("machine_id", [None, "", "uninitialized\n"])
def test_the_processor_alone_is_not_enough(machine: Machine, machine_id: str | None) -> None:
    machine.product_uuid.unlink()
    machine.machine_id.unlink()
    if machine_id is not None:
        machine.machine_id.write_text(machine_id)
    first = machine.fingerprint(b"\1" * 32)
    made = machine.state / "installation-id"
    assert made.read_text() == "01" * 32 + "\n"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert machine.fingerprint(b"\2" * 32) == first


def test_two_bare_machines_differ(tmp_path: Path) -> None:
    one = machine_fingerprint(tmp_path / "one", ())
    assert one != machine_fingerprint(tmp_path / "two", ())
    assert one == machine_fingerprint(tmp_path / "one", ())


def test_no_random_value_where_the_machine_is_known(machine: Machine) -> None:
    machine.fingerprint()
    assert [path.name for path in machine.state.iterdir()] == ["machine.json"]


def test_machine_json_names_sources_and_no_values(machine: Machine) -> None:
    machine.fingerprint()
    text = (machine.state / "machine.json").read_text()
    assert json.loads(text)["sources"] == [
        str(machine.machine_id),
        str(machine.product_uuid),
        str(machine.cpuinfo),
    ]
    assert "0123456789abcdef" not in text


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "\xff",
        '{"format": "jichipoint-machine", "version": 2, "sources": [], "installation_id": true}',
        '{"format": "jichipoint-machine", "version": 1, "sources": [], "installation_id": false}',
        '{"format": "jichipoint-machine", "version": 1, "sources": [7], "installation_id": true}',
        '{"format": "jichipoint-machine", "version": 1, "sources": "/x", "installation_id": true}',
        '{"format": "jichipoint-machine", "version": 1, "sources": ["/x"]}',
    ],
)
def test_a_damaged_machine_json_is_said_and_kept(machine: Machine, content: str) -> None:
    machine.state.mkdir()
    path = machine.state / "machine.json"
    path.write_text(content, "latin-1")
    with pytest.raises(MachineError, match="damaged"):
        machine.fingerprint()
    assert path.read_text("latin-1") == content


@pytest.mark.parametrize("content", [None, "", "01" * 31, "zz" * 32])
def test_a_damaged_installation_id_is_never_made_anew(tmp_path: Path, content: str | None) -> None:
    machine_fingerprint(tmp_path, ())
    path = tmp_path / "installation-id"
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(MachineError):
        machine_fingerprint(tmp_path, ())
    assert (path.read_text() if path.exists() else None) == content


def test_killed_between_the_two_files_the_value_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = os.rename

    def fail_the_second(source: Path, target: Path) -> None:
        if target.name == "machine.json":
            raise OSError(5, "Input/output error")
        rename(source, target)

    with monkeypatch.context() as patch, pytest.raises(MachineError, match="Input/output"):
        patch.setattr(os, "rename", fail_the_second)
        machine_fingerprint(tmp_path, ())
    made = (tmp_path / "installation-id").read_text()
    machine_fingerprint(tmp_path, ())
    assert (tmp_path / "installation-id").read_text() == made
