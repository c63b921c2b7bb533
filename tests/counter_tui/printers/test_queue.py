import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Any

import pytest

from counter_tui.core import files
from counter_tui.printers.printer import PrinterError, PrinterState, Trouble
from counter_tui.printers.queue import (
    PrintQueue,
    QueueError,
    QueueFullError,
    QueueState,
    Result,
    Stage,
)
from counter_tui.printers.slips import DATA_BYTES_MAX
from counter_tui.printers.transports import open_printer
from tests.counter_tui.conftest import Disk
from tests.counter_tui.printers import tcp_printer as played
from tests.counter_tui.printers.tcp_printer import PATIENCE, TcpPrinter

NEVER = 10 * PATIENCE
"""Between attempts, where a test asks for each."""


class ScriptedPrinter:
    """Prints on a list, and fails as it is told."""

    def __init__(self) -> None:
        self.printed: list[bytes] = []
        self.trouble: Trouble | None = None
        self.sent = False
        self.asked = 0
        self.tried = 0
        self.gate = Event()
        self.gate.set()
        self.reached = Event()
        self.failure: Exception | None = None

    def print(self, data: bytes) -> None:
        self.tried += 1
        self.reached.set()
        assert self.gate.wait(PATIENCE)
        if self.failure is not None:
            raise self.failure
        if self.trouble is not None:
            raise PrinterError(self.trouble, "scripted", sent=self.sent)
        self.printed.append(data)

    def state(self) -> PrinterState:
        self.asked += 1
        return PrinterState(self.trouble, paper_low=False, can_tell=True)


class News:
    """What a queue told."""

    def __init__(self) -> None:
        self.states: list[QueueState] = []
        self._came = Condition()

    def take(self, state: QueueState) -> None:
        with self._came:
            self.states.append(state)
            self._came.notify_all()

    def wait_for(self, wanted: Callable[[QueueState], bool]) -> QueueState:
        with self._came:
            assert self._came.wait_for(lambda: any(map(wanted, self.states)), PATIENCE)
            return next(filter(wanted, self.states))


@pytest.fixture
def printer() -> ScriptedPrinter:
    return ScriptedPrinter()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "slips"


MakeQueue = Callable[..., PrintQueue]


@pytest.fixture
def make_queue(folder: Path, printer: ScriptedPrinter) -> Iterator[MakeQueue]:
    made: list[PrintQueue] = []

    def make(**named: Any) -> PrintQueue:
        wanted = {
            "folder": folder,
            "printer": printer,
            "tell": lambda _state: None,
            "retry_seconds": NEVER,
            **named,
        }
        made.append(PrintQueue(**wanted))
        return made[-1]

    yield make
    printer.gate.set()
    for queue in made:
        assert queue.stop(PATIENCE)


def names(folder: Path) -> list[str]:
    return sorted(path.name.split(".", 1)[1] for path in folder.iterdir())


def titles(state: QueueState) -> tuple[list[str], list[str]]:
    return [slip.title for slip in state.waiting], [slip.title for slip in state.uncertain]


def test_slips_are_printed_in_order(
    make_queue: MakeQueue, printer: ScriptedPrinter, folder: Path
) -> None:
    queue = make_queue()
    ids = [queue.put(f"領収書 {number}", bytes((number,))) for number in range(20)]
    assert queue.wait(ids[-1], PATIENCE) == Result(Stage.PRINTED)
    assert printer.printed == [bytes((number,)) for number in range(20)]
    assert ids == sorted(set(ids))
    assert {queue.result(slip_id).stage for slip_id in ids} == {Stage.PRINTED}
    assert queue.state() == QueueState()
    assert list(folder.iterdir()) == []
    assert printer.asked == 0


def test_nobody_waits_for_the_printer(
    make_queue: MakeQueue, printer: ScriptedPrinter, folder: Path
) -> None:
    queue = make_queue()
    printer.gate.clear()
    one = queue.put("one", b"1")
    assert printer.reached.wait(PATIENCE)
    two = queue.put("two", b"2")
    state = queue.state()
    assert state.printing is not None
    assert (state.printing.title, titles(state)) == ("one", (["two"], []))
    assert names(folder) == ["printing", "slip"]
    assert queue.result(one) == Result(Stage.PRINTING)
    assert queue.wait(one, 0) == Result(Stage.PRINTING)
    assert queue.wait(two, 0) == Result(Stage.WAITING)
    assert not queue.discard(one), "what is being printed cannot be given up"
    assert queue.discard(two)
    printer.gate.set()
    assert queue.wait(one, PATIENCE) == Result(Stage.PRINTED)
    assert queue.wait(two, PATIENCE) == Result(Stage.DISCARDED)
    assert printer.printed == [b"1"]


def test_what_is_kept_is_private_and_synced(
    make_queue: MakeQueue,
    printer: ScriptedPrinter,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    printer.gate.clear()
    queue = make_queue()
    synced: list[Path] = []
    sync = files.sync_folder

    def note(path: Path) -> None:
        synced.append(path)
        sync(path)

    monkeypatch.setattr(files, "sync_folder", note)
    queue.put("one", b"1")
    assert synced[0] == folder
    assert printer.reached.wait(PATIENCE)
    assert len(synced) == 2, "before it is printed, that it is being printed"
    (path,) = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_slip_waits_while_the_printer_is_in_trouble(
    make_queue: MakeQueue, printer: ScriptedPrinter, folder: Path
) -> None:
    printer.trouble = Trouble.NO_PAPER
    queue = make_queue()
    one = queue.put("one", b"1")
    assert queue.wait(one, PATIENCE) == Result(Stage.WAITING, Trouble.NO_PAPER)
    two = queue.put("two", b"2")
    assert queue.wait(two, PATIENCE) == Result(Stage.WAITING, Trouble.NO_PAPER)
    state = queue.state()
    assert (state.trouble, state.detail) == (Trouble.NO_PAPER, "scripted")
    assert titles(state) == (["one", "two"], [])
    assert names(folder) == ["slip", "slip"]
    assert printer.tried == 1, "it is asked first after it failed"
    printer.trouble = None
    queue.retry()
    assert queue.wait(two, PATIENCE) == Result(Stage.PRINTED)
    assert printer.printed == [b"1", b"2"]
    assert queue.state() == QueueState()


def test_it_is_tried_again_by_itself(make_queue: MakeQueue, printer: ScriptedPrinter) -> None:
    printer.trouble = Trouble.COVER_OPEN
    queue = make_queue(retry_seconds=0.01)
    one = queue.put("one", b"1")
    assert queue.wait(one, PATIENCE).trouble is Trouble.COVER_OPEN
    printer.trouble = None
    with queue._changed:
        assert queue._changed.wait_for(lambda: queue.result(one).stage is Stage.PRINTED, PATIENCE)
    assert printer.printed == [b"1"]


def test_retry_waits_for_a_new_attempt(make_queue: MakeQueue, printer: ScriptedPrinter) -> None:
    printer.trouble = Trouble.NO_PAPER
    queue = make_queue()
    one = queue.put("one", b"1")
    assert queue.wait(one, PATIENCE).trouble is Trouble.NO_PAPER
    printer.trouble = Trouble.COVER_OPEN
    queue.retry()
    assert queue.wait(one, PATIENCE).trouble is Trouble.COVER_OPEN


def test_a_slip_that_may_be_on_paper_is_not_printed_again(
    make_queue: MakeQueue, printer: ScriptedPrinter, folder: Path
) -> None:
    printer.trouble, printer.sent = Trouble.SILENT, True
    queue = make_queue()
    one = queue.put("one", b"1")
    assert queue.wait(one, PATIENCE) == Result(Stage.UNCERTAIN, Trouble.SILENT)
    assert titles(queue.state()) == ([], ["one"])
    assert queue.state().trouble is Trouble.SILENT
    assert names(folder) == ["printing"]
    printer.trouble = None
    queue.retry()
    two = queue.put("two", b"2")
    assert queue.wait(two, PATIENCE) == Result(Stage.PRINTED)
    assert queue.wait(one, PATIENCE) == Result(Stage.UNCERTAIN, Trouble.SILENT)
    assert printer.printed == [b"2"]
    assert queue.state().trouble is None


def test_the_operator_decides(
    make_queue: MakeQueue, printer: ScriptedPrinter, folder: Path
) -> None:
    printer.trouble, printer.sent = Trouble.SILENT, True
    queue = make_queue()
    one = queue.put("one", b"1")
    assert queue.wait(one, PATIENCE).stage is Stage.UNCERTAIN
    printer.trouble = None
    two = queue.put("two", b"2")
    assert queue.wait(two, PATIENCE).stage is Stage.PRINTED
    assert not queue.print_again(two)
    assert queue.print_again(one)
    assert queue.wait(one, PATIENCE) == Result(Stage.PRINTED)
    assert not queue.print_again(one)
    assert not queue.discard(one)
    assert printer.printed == [b"2", b"1"]
    assert list(folder.iterdir()) == []


def test_an_uncertain_slip_is_discarded(
    make_queue: MakeQueue, printer: ScriptedPrinter, folder: Path
) -> None:
    printer.trouble, printer.sent = Trouble.SILENT, True
    queue = make_queue()
    one = queue.put("one", b"1")
    assert queue.wait(one, PATIENCE).stage is Stage.UNCERTAIN
    assert queue.discard(one)
    assert queue.result(one) == Result(Stage.DISCARDED)
    assert titles(queue.state()) == ([], [])
    assert list(folder.iterdir()) == []


def test_a_slip_printed_again_may_fail_again(
    make_queue: MakeQueue, printer: ScriptedPrinter
) -> None:
    printer.trouble, printer.sent = Trouble.SILENT, True
    queue = make_queue()
    one = queue.put("one", b"1")
    assert queue.wait(one, PATIENCE).stage is Stage.UNCERTAIN
    printer.trouble, printer.sent = Trouble.NO_PAPER, False
    assert queue.print_again(one)
    assert queue.wait(one, PATIENCE) == Result(Stage.WAITING, Trouble.NO_PAPER)


def test_a_defect_of_the_printer_s_code_stops_nothing(
    make_queue: MakeQueue, printer: ScriptedPrinter
) -> None:
    queue = make_queue()
    printer.failure = RuntimeError("defect")
    one = queue.put("one", b"1")
    assert queue.wait(one, PATIENCE).stage is Stage.UNCERTAIN
    assert "defect" in queue.state().detail
    printer.failure = None
    assert queue.wait(queue.put("two", b"2"), PATIENCE).stage is Stage.PRINTED


def test_every_change_is_told_in_order(make_queue: MakeQueue, printer: ScriptedPrinter) -> None:
    news = News()
    queue = make_queue(tell=news.take)
    printer.trouble = Trouble.NO_PAPER
    one = queue.put("one", b"1")
    news.wait_for(lambda state: state.trouble is Trouble.NO_PAPER)
    queue.retry()
    assert queue.wait(one, PATIENCE).trouble is Trouble.NO_PAPER, "no change"
    printer.trouble = None
    queue.retry()
    queue.wait(one, PATIENCE)
    assert queue.stop(PATIENCE)
    seen = [
        (len(state.waiting), state.printing is not None, state.trouble) for state in news.states
    ]
    assert seen == [
        (0, False, None),
        (1, False, None),
        (0, True, None),
        (1, False, Trouble.NO_PAPER),
        (0, True, Trouble.NO_PAPER),
        (0, False, None),
    ]


def test_a_listener_that_hangs_holds_up_no_slip(
    make_queue: MakeQueue, printer: ScriptedPrinter
) -> None:
    over = Event()
    queue = make_queue(tell=lambda _state: over.wait(PATIENCE))
    assert queue.wait(queue.put("one", b"1"), PATIENCE).stage is Stage.PRINTED
    over.set()


def test_slips_wait_over_a_restart(
    make_queue: MakeQueue, printer: ScriptedPrinter, folder: Path
) -> None:
    printer.trouble = Trouble.NOT_THERE
    queue = make_queue()
    ids = [queue.put(f"slip {number}", bytes((number,)) * 1000) for number in range(3)]
    assert queue.wait(ids[2], PATIENCE).trouble is Trouble.NOT_THERE
    assert queue.stop(PATIENCE)
    with pytest.raises(QueueError, match="stopped"):
        queue.put("late", b"")
    printer.trouble = None
    again = make_queue()
    assert again.wait(ids[2], PATIENCE).stage is Stage.PRINTED
    assert printer.printed == [bytes((number,)) * 1000 for number in range(3)]
    assert again.put("four", b"4") > ids[2]


def test_no_id_is_used_again(make_queue: MakeQueue) -> None:
    ids = set()
    for _ in range(3):
        queue = make_queue()
        ids.add(queue.put("one", b"1"))
        assert queue.wait(max(ids), PATIENCE).stage is Stage.PRINTED
        assert queue.stop(PATIENCE)
    assert len(ids) == 3


def test_stop_is_bounded(make_queue: MakeQueue, printer: ScriptedPrinter, folder: Path) -> None:
    printer.gate.clear()
    queue = make_queue()
    queue.put("one", b"1")
    assert printer.reached.wait(PATIENCE)
    assert not queue.stop(0.05)
    with pytest.raises(QueueError, match="in use"):
        make_queue()
    printer.gate.set()
    assert queue.stop(PATIENCE)
    assert printer.printed == [b"1"]


def test_a_folder_is_for_one_application(make_queue: MakeQueue, folder: Path) -> None:
    first = make_queue()
    with pytest.raises(QueueError, match="in use by another application"):
        make_queue()
    assert first.stop(PATIENCE)
    make_queue()


def test_a_folder_that_cannot_be_made(make_queue: MakeQueue, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(QueueError, match="cannot be used"):
        make_queue(folder=tmp_path / "file" / "slips")


def test_an_unknown_slip(make_queue: MakeQueue) -> None:
    queue = make_queue()
    with pytest.raises(KeyError):
        queue.result(5)
    with pytest.raises(KeyError):
        queue.wait(5, 0)
    assert not queue.discard(5)
    assert not queue.print_again(5)


def test_a_slip_too_large(make_queue: MakeQueue, folder: Path) -> None:
    queue = make_queue()
    with pytest.raises(ValueError, match="8388609 bytes"):
        queue.put("large", bytes(DATA_BYTES_MAX + 1))
    assert list(folder.iterdir()) == []
    assert queue.wait(queue.put("large", bytes(DATA_BYTES_MAX)), PATIENCE).stage is Stage.PRINTED


def test_a_full_disk_is_said(disk: Disk, make_queue: MakeQueue, printer: ScriptedPrinter) -> None:
    printer.trouble = Trouble.NO_PAPER
    folder = disk.folder / "slips"
    queue = make_queue(folder=folder)
    one = queue.put("one", b"1")
    assert queue.wait(one, PATIENCE).trouble is Trouble.NO_PAPER
    before = queue.state()
    with pytest.raises(QueueFullError, match="No space left"):
        queue.put("two", b"2" * 100_000)
    disk.fill()
    with pytest.raises(QueueFullError, match="No space left"):
        queue.put("three", b"3")
    assert queue.state() == before
    assert names(folder) == ["slip"]
    printer.trouble = None
    queue.retry()
    assert queue.wait(one, PATIENCE) == Result(Stage.PRINTED), "it prints with a full disk"
    assert queue.stop(PATIENCE)
    assert printer.printed == [b"1"]


def test_a_disk_that_becomes_read_only(
    disk: Disk, make_queue: MakeQueue, printer: ScriptedPrinter
) -> None:
    printer.trouble, printer.sent = Trouble.SILENT, True
    queue = make_queue(folder=disk.folder / "slips")
    one = queue.put("one", b"1")
    assert queue.wait(one, PATIENCE).stage is Stage.UNCERTAIN
    printer.trouble, printer.sent = Trouble.NO_PAPER, False
    two = queue.put("two", b"2")
    assert queue.wait(two, PATIENCE).trouble is Trouble.NO_PAPER
    disk.set_read_only(True)
    with pytest.raises(QueueError, match="Read-only"):
        queue.put("three", b"3")
    with pytest.raises(QueueError, match="Read-only"):
        queue.discard(one)
    with pytest.raises(QueueError, match="Read-only"):
        queue.discard(two)
    with pytest.raises(QueueError, match="Read-only"):
        queue.print_again(one)
    assert titles(queue.state()) == (["two"], ["one"])
    printer.trouble = None
    queue.retry()
    assert queue.wait(two, PATIENCE) == Result(Stage.WAITING, Trouble.NOT_ALLOWED)
    assert printer.printed == [], "what cannot be marked is not printed"
    disk.set_read_only(False)
    queue.retry()
    assert queue.wait(two, PATIENCE).stage is Stage.PRINTED
    assert queue.stop(PATIENCE)


def test_a_disk_that_fails_while_printing(
    make_queue: MakeQueue, printer: ScriptedPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any, **_named: Any) -> None:
        raise OSError(5, "Input/output error")

    queue = make_queue()
    printer.gate.clear()
    one = queue.put("one", b"1")
    assert printer.reached.wait(PATIENCE)
    with monkeypatch.context() as patch:
        patch.setattr(queue._folder, "remove", fail)
        printer.gate.set()
        assert queue.wait(one, PATIENCE).stage is Stage.PRINTED
    assert queue.stop(PATIENCE)
    again = make_queue()
    assert again.result(one) == Result(Stage.UNCERTAIN), "nobody remembers that it was printed"
    assert printer.printed == [b"1"]


def test_a_disk_that_fails_after_trouble(
    make_queue: MakeQueue, printer: ScriptedPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any, **_named: Any) -> None:
        raise OSError(5, "Input/output error")

    queue = make_queue()
    printer.trouble = Trouble.NO_PAPER
    with monkeypatch.context() as patch:
        patch.setattr(queue._folder, "mark_waiting", fail)
        one = queue.put("one", b"1")
        assert queue.wait(one, PATIENCE) == Result(Stage.WAITING, Trouble.NO_PAPER)
    printer.trouble = None
    queue.retry()
    assert queue.wait(one, PATIENCE).stage is Stage.PRINTED
    assert printer.printed == [b"1"]


Damage = Callable[[Path], object]


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-20]),
        lambda path: path.write_bytes(path.read_bytes().replace(b"one", b"two")),
        lambda path: path.write_bytes(path.read_bytes().replace(b"slip", b"slap", 1)),
        lambda path: path.write_bytes(b"[" * 100_000),
        lambda path: path.write_bytes(b"\xff\xfe"),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.unlink(), path.symlink_to("nowhere")),
        make_pipe,
        lambda path: os.truncate(path, 1 << 30),
    ],
)
def test_damaged_files_are_kept_aside(
    make_queue: MakeQueue, printer: ScriptedPrinter, folder: Path, damage: Damage
) -> None:
    printer.trouble = Trouble.NO_PAPER
    queue = make_queue()
    for title in ("one", "two"):
        queue.put(title, b"data of " + title.encode())
    assert queue.stop(PATIENCE)
    first, _ = sorted(folder.iterdir())
    damage(first)
    printer.trouble = None
    for _ in range(2):
        queue = make_queue()
        assert [path.name for path in queue.state().damaged] == [f"{first.name}.damaged"]
        assert os.path.lexists(queue.state().damaged[0])
        assert queue.wait(queue.put("three", b"3"), PATIENCE).stage is Stage.PRINTED
        assert queue.stop(PATIENCE)
    assert printer.printed == [b"data of two", b"3", b"3"]


def test_a_slip_of_two_names_is_printed_by_neither(
    make_queue: MakeQueue, printer: ScriptedPrinter, folder: Path
) -> None:
    printer.trouble = Trouble.NO_PAPER
    queue = make_queue()
    one = queue.put("one", b"1")
    assert queue.stop(PATIENCE)
    (path,) = folder.iterdir()
    path.with_suffix(".printing").write_bytes(path.read_bytes())
    printer.trouble = None
    state = make_queue().state()
    assert titles(state) == ([], ["one"])
    assert [slip.id for slip in state.uncertain] == [one]
    assert [damaged.name for damaged in state.damaged] == [f"{path.name}.damaged"]
    assert printer.printed == []


def test_what_is_no_slip_is_left_alone(make_queue: MakeQueue, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "readme.txt").write_text("kept")
    (folder / ".0000000000000001.slip.part").write_text("half a slip")
    assert make_queue().state() == QueueState()
    assert [path.name for path in folder.iterdir()] == ["readme.txt"]


@pytest.mark.parametrize("title", ["", "領収書 𠮷野家", "\ud800", "line\nline", "x" * 10_000])
def test_titles_of_every_kind(make_queue: MakeQueue, printer: ScriptedPrinter, title: str) -> None:
    printer.trouble = Trouble.NO_PAPER
    queue = make_queue()
    queue.put(title, bytes(range(256)))
    assert queue.stop(PATIENCE)
    news = News()
    make_queue(tell=news.take)
    found = news.wait_for(lambda _state: True)
    assert [slip.title for slip in found.waiting] == [title]


def test_many_threads_put(make_queue: MakeQueue, printer: ScriptedPrinter) -> None:
    queue = make_queue()
    ids: list[int] = []

    def put(number: int) -> None:
        ids.extend(queue.put(f"{number}", bytes((number, each))) for each in range(10))

    threads = [Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    for slip_id in ids:
        assert queue.wait(slip_id, PATIENCE).stage is Stage.PRINTED
    assert len(set(ids)) == len(printer.printed) == len(set(printer.printed)) == 80
    for number in range(8):
        mine = [data[1] for data in printer.printed if data[0] == number]
        assert mine == list(range(10))


KILLED = """
import sys
from pathlib import Path
from counter_tui.printers.address import parse_address
from counter_tui.printers.queue import PrintQueue
from counter_tui.printers.transports import open_printer

printer = open_printer(parse_address(sys.argv[2]), timeout=600)
queue = PrintQueue(Path(sys.argv[1]), printer, lambda state: None)
queue.put("one", b"1" * 50_000)
queue.put("two", b"2")
print("put", flush=True)
sys.stdin.read()
"""


def test_killed_while_printing(
    make_queue: MakeQueue, folder: Path, tcp_printer: Callable[..., TcpPrinter]
) -> None:
    stuck = tcp_printer(played.GOOD, silent_after=1)
    good = tcp_printer(played.GOOD)
    command = [sys.executable, "-c", KILLED, str(folder), str(stuck.address)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"put\n"
        stuck.paper.wait_for(b"1" * 50_000)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    news = News()
    queue = make_queue(printer=open_printer(good.address), tell=news.take)
    found = news.wait_for(lambda _state: True)
    assert titles(found) == (["two"], ["one"])
    two = found.waiting[0].id
    one = found.uncertain[0].id
    assert queue.wait(two, PATIENCE) == Result(Stage.PRINTED)
    assert queue.result(one) == Result(Stage.UNCERTAIN)
    assert good.paper.printed == b"2"
    assert queue.print_again(one)
    assert queue.wait(one, PATIENCE) == Result(Stage.PRINTED)
    assert good.paper.printed == b"2" + b"1" * 50_000


def test_a_printer_switched_off_and_on(
    make_queue: MakeQueue, tcp_printer: Callable[..., TcpPrinter]
) -> None:
    there = tcp_printer(played.GOOD)
    queue = make_queue(printer=open_printer(there.address))
    assert queue.wait(queue.put("one", b"1"), PATIENCE) == Result(Stage.PRINTED)
    there.switch_off()
    two = queue.put("two", b"2")
    assert queue.wait(two, PATIENCE) == Result(Stage.WAITING, Trouble.NOT_THERE)
    again = tcp_printer(played.NO_PAPER, port=there.address.port)
    queue.retry()
    assert queue.wait(two, PATIENCE) == Result(Stage.WAITING, Trouble.NO_PAPER)
    again.paper.answers = played.GOOD
    queue.retry()
    assert queue.wait(two, PATIENCE) == Result(Stage.PRINTED)
    assert (there.paper.printed, again.paper.printed) == (b"1", b"2")
    assert replace(queue.state(), detail="") == QueueState()
