"""Kills the driver while a recipient takes records: each arrives, at least once, as it was."""

import json
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.merge_driver.killing import CHANGING, calls_of, is_killed_at, needs_strace
from tests.merge_driver.place import PROJECT, Place
from tests.merge_driver.twenty import DONE, JSON_LINES, merge_name, put_twenty
from tests.sizes import IS_DEEP

pytestmark = needs_strace

LIVES = 60 if IS_DEEP else 3
KILLS = 3
CALLS = f"{CHANGING},vfork,clone,clone3,wait4,connect,sendto,recvfrom,close"

CONSUMER = """
import os, sys
from merge_driver.inbox import open_inbox
from merge_driver.outputs.forms import json_line

received = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
with open_inbox(sys.argv[1]) as inbox:
    for record in inbox:
        os.write(received, json_line(record).encode())
        inbox.acknowledge(record)
"""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A server that notes each body that it is sent as a line."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            line = self.rfile.read(int(self.headers["Content-Length"]))
            if json.loads(line)["transaction_number"] == self.headers["Idempotency-Key"]:
                with (tmp_path / "received").open("ab") as file:
                    file.write(line)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A driver that was killed does not read its answer."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/points"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("kind", ["command", "http", "python"])
def test_killed_at_random_each_record_arrives_at_least_once(
    tmp_path: Path, address: str, kind: str
) -> None:
    received = tmp_path / "received"
    command = ["sh", "-c", f"cat >> {received}"]
    table = {
        "command": f"kind = 'command'\ncommand = {json.dumps(command)}",
        "http": f"kind = 'http'\nurl = '{address}'",
        "python": "kind = 'python'",
    }[kind]

    def new_place(name: str) -> tuple[Place, list[str]]:
        (tmp_path / name).mkdir()
        place = Place(tmp_path / name, table)
        put_twenty(place.spool)
        arguments = place.run_arguments()
        if kind == "python":
            return place, [sys.executable, "-B", "-c", CONSUMER, arguments[-1], str(received)]
        return place, [sys.executable, "-B", "-m", "merge_driver.cli", *arguments]

    place, run = new_place("whole")
    calls = calls_of(run, CALLS, tmp_path / "log", {0, 3})
    assert received.read_text("utf-8").splitlines(keepends=True) == JSON_LINES
    started = next(number for number, call in enumerate(calls) if call.kind == "pwrite64")
    of_kind = {kind: [call for call in calls[started:] if call.kind == kind] for kind, _ in calls}
    kinds = [kind for kind, some in of_kind.items() if some]
    chance = random.Random(kind)
    killed = 0
    for life in range(LIVES):
        received.unlink()
        place, run = new_place(f"{life}")
        for _ in range(KILLS):
            killed += is_killed_at(run, chance.choice(of_kind[chance.choice(kinds)]))
        done = subprocess.run(run, check=False, capture_output=True, encoding="utf-8", cwd=PROJECT)
        assert (done.returncode in (0, 3), done.stderr) == (True, "")
        lines = received.read_text("utf-8").splitlines(keepends=True)
        assert set(lines) == set(JSON_LINES)
        waiting = place.rows("SELECT count(*), sum(is_handed_on) FROM record")
        assert waiting == [(len(JSON_LINES), len(JSON_LINES))]
        assert place.names("done") == [merge_name(one) for one in DONE]
        subprocess.run(run, check=True, capture_output=True, cwd=PROJECT)
        assert received.read_text("utf-8").splitlines(keepends=True) == lines
    assert killed > LIVES
