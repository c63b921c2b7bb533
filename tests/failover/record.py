"""What a client asked and was told, in a file that only ever grows: a line before, one after."""

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.crash.load import Entry, Journal


class RecordedJournal(Journal):
    """Writes each question down before it is sent, and each answer when it is there."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def note_question(self, entry: Entry) -> None:
        super().note_question(entry)
        self._write(
            terminal_id=entry.terminal_id,
            card=entry.card,
            method=entry.method,
            request_id=entry.request_id,
            content=entry.content.hex(),
        )

    async def note_answer(self, entry: Entry) -> None:
        self._write(
            request_id=entry.request_id,
            answer=None if entry.answer is None else entry.answer.hex(),
            refusal=entry.refusal,
            times_sent=entry.times_sent,
        )
        await super().note_answer(entry)

    def _write(self, **said: object) -> None:
        line = json.dumps({"at": time.monotonic(), **said})
        os.write(self._file, f"{line}\n".encode())


@dataclass
class Record:
    """What another process has written down so far."""

    path: Path
    entries: dict[str, Entry] = field(default_factory=dict)
    answered: list[float] = field(default_factory=list)
    """When there was an answer, on time.monotonic's scale."""
    _read: int = 0

    def read(self) -> None:
        """Read what has come since it was read last."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._read)
            came = file.read()
        whole = came[: came.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            self._take(json.loads(line))

    def _take(self, said: dict[str, Any]) -> None:
        if "content" in said:
            content = bytes.fromhex(said["content"])
            asked = (said["terminal_id"], said["card"], said["method"], said["request_id"])
            self.entries[said["request_id"]] = Entry(*asked, content)
            return
        entry = self.entries[said["request_id"]]
        entry.answer = None if said["answer"] is None else bytes.fromhex(said["answer"])
        entry.refusal, entry.times_sent = said["refusal"], said["times_sent"]
        self.answered.append(said["at"])
