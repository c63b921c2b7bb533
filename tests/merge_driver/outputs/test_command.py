"""Records to a command: a real program for each."""

import json
import os
import select
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from merge_driver.outputs.command import Command
from merge_driver.outputs.recipient import HandOnError
from merge_driver.record import TakenRecord

RECORD = TakenRecord("000002", "123456789", 500, "2017123100001", "000002-2017123100001.mrg")


def program(text: str, timeout_seconds: float = 20.0) -> Command:
    return Command([sys.executable, "-c", text], timeout_seconds)


def test_a_command_gets_the_record_and_its_number(tmp_path: Path) -> None:
    out = tmp_path / "out"
    text = f"""import os, sys
open({str(out)!r}, "w").write(sys.stdin.read() + os.environ["MERGE_TRANSACTION_NUMBER"])"""
    program(text).hand_on(RECORD)
    line, number = out.read_text().splitlines()
    assert (json.loads(line)["points"], number) == (500, RECORD.transaction_number)


@pytest.mark.parametrize(("code", "of_this_record"), [(1, True), (2, True), (75, False)])
def test_its_exit_code_says_what_became_of_it(code: int, of_this_record: bool) -> None:
    text = f"import sys; print('no such\\x1b customer', file=sys.stderr); sys.exit({code})"
    with pytest.raises(HandOnError, match=rf"exit code {code}: no such\\x1b customer") as caught:
        program(text).hand_on(RECORD)
    assert caught.value.of_this_record is of_this_record


def test_a_command_that_reads_nothing_is_fine() -> None:
    program("pass").hand_on(RECORD)


def test_a_command_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    child = tmp_path / "child"
    text = f"""import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(child)!r}, "w").write(str(child.pid))
child.wait()"""
    with pytest.raises(HandOnError, match="no end after 2 seconds") as caught:
        program(text, 2.0).hand_on(RECORD)
    assert not caught.value.of_this_record
    with suppress(ProcessLookupError):
        ended = os.pidfd_open(int(child.read_text()))
        assert select.select([ended], [], [], 20.0)[0], "what it had started runs on"
        os.close(ended)


def test_a_command_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(HandOnError, match="cannot be started") as caught:
        Command([str(tmp_path / "missing")], 1.0).hand_on(RECORD)
    assert not caught.value.of_this_record
