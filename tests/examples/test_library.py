"""The examples of a library's own program, run against an agent and a server (SID-5)."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.end_to_end.support import MORI, SAKURAI, WITHOUT_MYKEY
from tests.examples.conftest import AtStreet

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 30
EXAMPLES = ("library-python", "library-node")


@pytest.fixture(params=EXAMPLES)
def example(request: pytest.FixtureRequest) -> list[str]:
    """The command of an example."""
    if request.param == "library-node":
        folder: Path = request.getfixturevalue("node_examples")
        return ["node", str(folder / "library-node" / "look_up.mjs")]
    return [sys.executable, str(ROOT / "examples" / "library-python" / "look_up.py")]


class Running:
    """An example in the background."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), SECONDS_MAX)
        return line.decode().rstrip("\n")

    async def end(self) -> tuple[int | None, str, str]:
        """Its exit status, and what else it printed and complained of."""
        out, err = await asyncio.wait_for(self.process.communicate(), SECONDS_MAX)
        return self.process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def running(command: list[str], *arguments: str | Path) -> AsyncIterator[Running]:
    process = await asyncio.create_subprocess_exec(
        *command,
        *map(str, arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def test_one_card_after_the_other(at_street: AtStreet, example: list[str]) -> None:
    """The first is in before the program begins; the same card again is another insertion."""
    cards = at_street.place.town.cards
    holder = f"さくら通り商店街 {cards[SAKURAI].street_point_id} {cards[SAKURAI].mykey_id}"
    at_street.reader.insert(SAKURAI)
    async with running(example, at_street.agent_json, "--cards", "4") as program:
        assert await program.line() == holder
        at_street.reader.insert(MORI)
        assert await program.line() == (
            "SERVICE_ID_UNKNOWN: さくら通り商店街のサービスIDが登録されていません。"
            "先にサービスIDの登録が必要です。"
        )
        at_street.reader.remove()
        at_street.reader.insert(SAKURAI)
        assert await program.line() == holder
        at_street.reader.insert(WITHOUT_MYKEY)
        assert (await program.line()).startswith("CERTIFICATE_UNKNOWN: ")
        assert await program.end() == (0, "", "")


async def test_an_agent_that_was_started_anew(at_street: AtStreet, example: list[str]) -> None:
    document = json.loads(at_street.agent_json.read_text("utf-8"))
    document["token"] = "0" * 64
    at_street.agent_json.write_text(json.dumps(document), "utf-8")
    async with running(example, at_street.agent_json) as program:
        assert await program.line() == (
            "TOKEN_WRONG: トークンが違います。agent.json を読み直してください。"
        )
        assert await program.end() == (1, "", "")


async def test_it_is_ended_from_the_keyboard(at_street: AtStreet, example: list[str]) -> None:
    at_street.reader.insert(SAKURAI)
    async with running(example, at_street.agent_json) as program:
        await program.line()
        program.process.send_signal(signal.SIGINT)
        code, out, err = await program.end()
        assert code in (130, -signal.SIGINT)
        assert (out, err) == ("", "")


@pytest.mark.parametrize("is_left", [True, False], ids=["killed", "ended"])
async def test_no_agent(tmp_path: Path, example: list[str], is_left: bool) -> None:
    """An agent takes its file with it, unless it was killed."""
    path = tmp_path / "agent.json"
    if is_left:
        path.write_text('{"address": "127.0.0.1:1", "token": "0"}', "utf-8")
    async with running(example, path) as program:
        assert (await program.line()).startswith("AGENT_NOT_RUNNING: ")
        assert await program.end() == (1, "", "")
