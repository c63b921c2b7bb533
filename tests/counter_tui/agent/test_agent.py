"""The agent over a real socket, with a virtual reader and a server that is played (SID-5)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import grpc
import pytest
from jichipoint.v1 import (
    agent_pb2,
    agent_pb2_grpc,
    issuers_pb2,
    service_ids_pb2,
    terminals_pb2,
)

from counter_tui import texts
from counter_tui.agent.client import AgentError, ask, ask_whose
from counter_tui.agent.desk import Desk
from counter_tui.agent.pass_file import AgentPass
from counter_tui.agent.servicer import AddressError, AgentServicer, serve
from counter_tui.calls.answers import RefusedError, SessionEndedError, UnreachableError
from counter_tui.virtual.card import VirtualCard
from counter_tui.virtual.reader import BoxedCard, VirtualReader
from tests.counter_tui.citizens import MORI, SAKURAI, boxed

TOKEN = "t" * 64
FINGERPRINT = bytes(32)


class PlayedServer:
    """Knows one number, and says what it was told to say."""

    def __init__(self) -> None:
        self.signed_in: list[tuple[str, str, bytes]] = []
        self.asked: list[str] = []
        self.troubles: list[Exception] = []
        self.symbology = issuers_pb2.SYMBOLOGY_NW7

    async def sign_in(
        self, terminal_id: str, password: str, machine_fingerprint: bytes
    ) -> terminals_pb2.Terminal:
        self.signed_in.append((terminal_id, password, machine_fingerprint))
        return terminals_pb2.Terminal(terminal_id=terminal_id)

    async def look_up_service_id(
        self, serial_number: str
    ) -> service_ids_pb2.LookUpServiceIdResponse:
        self.asked.append(serial_number)
        if self.troubles:
            raise self.troubles.pop(0)
        return service_ids_pb2.LookUpServiceIdResponse(
            issuer_id="000001",
            issuer_name="市立図書館",
            customer_id=f"L-{serial_number}",
            mykey_id=f"MY{serial_number}",
        )

    async def look_up_mykey_id(self, customer_id: str) -> str:
        self.asked.append(customer_id)
        if self.troubles:
            raise self.troubles.pop(0)
        return f"MY-{customer_id}"

    async def issuer(self) -> service_ids_pb2.GetIssuerResponse:
        handover = issuers_pb2.Handover(symbology=self.symbology)
        return service_ids_pb2.GetIssuerResponse(handover=handover)


class Agent:
    """An agent that runs in this process."""

    def __init__(self) -> None:
        texts.use("ja")
        self.server = PlayedServer()
        library_card = BoxedCard("図書館カード", lambda: VirtualCard({}))
        cards = [boxed("桜井さん", SAKURAI), boxed("森さん", MORI), library_card]
        self.reader = VirtualReader(cards)
        self.desk = Desk(self.reader, self.server, self.server, ("00010011", "secret", FINGERPRINT))
        self.address = ""

    @property
    def agent_pass(self) -> AgentPass:
        return AgentPass(self.address, TOKEN)

    async def ask(self, *, look_up: bool = True, wait_seconds: float = 0) -> dict[str, str]:
        return await asyncio.to_thread(
            ask, self.agent_pass, look_up=look_up, wait_seconds=wait_seconds
        )

    async def ask_whose(self, customer_id: str) -> dict[str, str]:
        return await asyncio.to_thread(ask_whose, self.agent_pass, customer_id)

    async def wait(self, after_insertion: int = 0, seconds: float = 20) -> int:
        async with grpc.aio.insecure_channel(self.address) as channel:
            stub = agent_pb2_grpc.CounterAgentServiceStub(channel)
            answer: agent_pb2.WaitForCardResponse = await stub.WaitForCard(
                agent_pb2.WaitForCardRequest(after_insertion=after_insertion),
                metadata=(("authorization", f"Bearer {TOKEN}"),),
                timeout=seconds,
            )
            return answer.insertion

    async def refusal(self, *, look_up: bool = True, wait_seconds: float = 0) -> AgentError:
        with pytest.raises(AgentError) as caught:
            await self.ask(look_up=look_up, wait_seconds=wait_seconds)
        return caught.value


@pytest.fixture
async def agent() -> AsyncIterator[Agent]:
    agent = Agent()
    server, port = await serve(AgentServicer(agent.desk, TOKEN), "127.0.0.1:0")
    agent.address = f"127.0.0.1:{port}"
    following = asyncio.create_task(agent.desk.follow())
    yield agent
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following
    await server.stop(None)


async def test_the_card_and_the_holders_number(agent: Agent) -> None:
    agent.reader.insert(0)
    assert await agent.ask() == {
        "last_good_day": "2029-05-01",
        "issuer_id": "000001",
        "issuer_name": "市立図書館",
        "customer_id": "L-030D45",
        "mykey_id": "MY030D45",
    }
    assert agent.server.signed_in == [("00010011", "secret", FINGERPRINT)]


async def test_the_serial_number_is_not_told(agent: Agent) -> None:
    agent.reader.insert(0)
    assert await agent.ask(look_up=False) == {"last_good_day": "2029-05-01"}
    assert agent.server.asked == []


async def test_it_signs_in_once_and_again_when_the_session_ends(agent: Agent) -> None:
    agent.reader.insert(1)
    await agent.ask()
    await agent.ask()
    assert len(agent.server.signed_in) == 1
    agent.server.troubles = [SessionEndedError("SESSION_EXPIRED", "")]
    assert (await agent.ask())["customer_id"] == "L-030D48"
    assert len(agent.server.signed_in) == 2


async def test_many_ask_at_once(agent: Agent) -> None:
    agent.reader.insert(0)
    found = await asyncio.gather(*(agent.ask() for _ in range(8)))
    assert {one["customer_id"] for one in found} == {"L-030D45"}
    assert len(agent.server.signed_in) == 1


async def test_waiting_for_a_card(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    waits, wait_for_card = asyncio.Event(), agent.desk.wait_for_card

    async def told(after_insertion: int) -> int:
        waits.set()
        return await wait_for_card(after_insertion)

    monkeypatch.setattr(agent.desk, "wait_for_card", told)
    waiting = asyncio.create_task(agent.ask(wait_seconds=20))
    await waits.wait()
    agent.reader.insert(0)
    assert (await waiting)["customer_id"] == "L-030D45"


async def test_waiting_ends(agent: Agent) -> None:
    assert (await agent.refusal(wait_seconds=0.2)).reason == "NO_CARD"


async def test_each_insertion_has_a_number(agent: Agent) -> None:
    numbers = []
    for index in (0, 1, 0):
        agent.reader.insert(index)
        numbers.append(await agent.wait())
    assert numbers == [1, 2, 3]


async def test_waiting_for_the_next_card(agent: Agent) -> None:
    agent.reader.insert(0)
    first = await agent.wait()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await agent.wait(first, seconds=0.2)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    waiting = asyncio.create_task(agent.wait(first))
    agent.reader.insert(0)
    assert await waiting == first + 1


async def test_what_is_wrong_with_the_card(agent: Agent) -> None:
    none = await agent.refusal()
    assert (none.reason, str(none)) == ("NO_CARD", "カードがセットされていません。")
    agent.reader.insert(2)
    foreign = await agent.refusal()
    assert foreign.reason == "FOREIGN"
    assert str(foreign).startswith("マイナンバーカードではありません。")
    agent.reader.break_down("ケーブル")
    assert (await agent.refusal()).reason == "READER_DOWN"


async def test_what_the_server_says(agent: Agent) -> None:
    agent.reader.insert(0)
    agent.server.troubles = [RefusedError("SERVICE_ID_UNKNOWN", "登録されていません。")]
    refused = await agent.refusal()
    assert (refused.reason, str(refused)) == ("SERVICE_ID_UNKNOWN", "登録されていません。")
    agent.server.troubles = [UnreachableError("UNAVAILABLE", "返事がありません。")]
    assert (await agent.refusal()).reason == "SERVER_SILENT"


@pytest.mark.parametrize("text", ["L-12345", "  L-12345 ", "Ｌ－１２３４５", "\u3000Ｌ-１２３４５"])
async def test_whose_a_number_is(agent: Agent, text: str) -> None:
    """No card is in; what the screens take as this number, the agent takes too."""
    assert await agent.ask_whose(text) == {"customer_id": "L-12345", "mykey_id": "MY-L-12345"}
    assert agent.server.asked == ["L-12345"]
    assert len(agent.server.signed_in) == 1


async def test_the_letters_of_an_nw7_code(agent: Agent) -> None:
    assert (await agent.ask_whose("a12345b"))["customer_id"] == "12345"
    agent.server.symbology = issuers_pb2.SYMBOLOGY_CODE39
    assert (await agent.ask_whose("a12345b"))["customer_id"] == "a12345b"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "入力してください"),
        (" ", "入力してください"),
        ("L 12345", "空白"),
        ("図書館", "使えない文字"),
        ("1" * 33, "32文字まで"),
    ],
)
async def test_what_is_no_number_goes_to_no_server(agent: Agent, text: str, says: str) -> None:
    with pytest.raises(AgentError, match=says) as caught:
        await agent.ask_whose(text)
    assert caught.value.reason == "INVALID_FIELD"
    assert agent.server.asked == []


async def test_what_the_server_says_of_a_number(agent: Agent) -> None:
    agent.server.troubles = [RefusedError("CUSTOMER_ID_UNKNOWN", "登録されていません。")]
    with pytest.raises(AgentError, match=r"^登録されていません。$") as caught:
        await agent.ask_whose("12345")
    assert caught.value.reason == "CUSTOMER_ID_UNKNOWN"
    agent.server.troubles = [SessionEndedError("SESSION_EXPIRED", "")]
    assert (await agent.ask_whose("12345"))["mykey_id"] == "MY-12345"
    assert len(agent.server.signed_in) == 2


@pytest.mark.parametrize(
    "metadata", [(), (("authorization", "Bearer x"),), (("authorization", TOKEN),)]
)
@pytest.mark.parametrize("method", ["WaitForCard", "ReadCard", "LookUpCard", "LookUpNumber"])
async def test_without_the_token_nothing_is_told(
    agent: Agent, metadata: tuple[tuple[str, str], ...], method: str
) -> None:
    agent.reader.insert(0)
    async with grpc.aio.insecure_channel(agent.address) as channel:
        call = getattr(agent_pb2_grpc.CounterAgentServiceStub(channel), method)
        request = getattr(agent_pb2, f"{method}Request")()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(request, metadata=metadata, timeout=10)
    assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert agent.server.asked == []


async def test_no_agent() -> None:
    with pytest.raises(AgentError) as caught:
        await asyncio.to_thread(ask, AgentPass("127.0.0.1:1", TOKEN), look_up=False, wait_seconds=0)
    assert caught.value.reason == "AGENT_NOT_RUNNING"


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.com:1", ":1"])
async def test_it_listens_on_loopback_only(agent: Agent, address: str) -> None:
    with pytest.raises(AddressError, match="loopback only"):
        await serve(AgentServicer(agent.desk, TOKEN), address)


async def test_a_second_one_is_told(agent: Agent) -> None:
    with pytest.raises(AddressError, match="is another agent running"):
        await serve(AgentServicer(agent.desk, TOKEN), agent.address)
