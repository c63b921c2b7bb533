"""A gateway with fixed answers, so that screens can be drawn without a server."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from jichipoint.v1 import merging_pb2, points_pb2, programs_pb2, terminals_pb2

from counter_tui import app as app_module
from counter_tui import texts
from counter_tui.app import CounterApp
from counter_tui.core.bookings import Booked, Decision, RefusedError, UnreachableError
from counter_tui.core.settings import Settings
from counter_tui.virtual.card import VirtualCard
from counter_tui.virtual.reader import BoxedCard, VirtualReader
from tests.counter_tui.citizens import boxed

BOOKED_AT = Timestamp(seconds=1491123757)
"""2017-04-02 18:02:37 in Tokyo, as in S31."""
SHOWN_ON = Date(year=2017, month=4, day=2)
HINT = "デモ用: 端末ID 00010011  端末パスワード demo-1234"


def balance(
    number: int, points: int, *, event: bool = False, pin_above: int | None = None
) -> programs_pb2.UsablePoints:
    name, kind = "A市ポイント", programs_pb2.PROGRAM_KIND_MUNICIPAL
    if event:
        name, kind = "A市復興イベント", programs_pb2.PROGRAM_KIND_EVENT
    return programs_pb2.UsablePoints(
        program_id=f"{number:08}",
        program_name=name,
        kind=kind,
        balance=points,
        next_expiry=Date(year=2017, month=5, day=31),
        points_expiring_next=230,
        pin_above_points=pin_above,
    )


class CannedGateway:
    """Answers as S29 to S39 show it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.sent: list[bytes] = []
        self.away = False
        self.refusal: RefusedError | None = None

    async def sign_in(
        self, terminal_id: str, password: str, machine_fingerprint: bytes
    ) -> terminals_pb2.Terminal:
        if password != "demo-1234":
            raise RefusedError("SIGN_IN_REFUSED", "端末IDまたは端末パスワードが違います。")
        return terminals_pb2.Terminal(
            terminal_id=terminal_id,
            terminal_class=terminals_pb2.TERMINAL_CLASS_SERVICE_ID,
            municipality_name="A市",
            place_name="花田酒店",
            terminal_name="花田酒店 レジ1",
            issuer_id="000002",
            issuer_name="A商店街",
            can_merge=True,
        )

    async def usable_points(self, serial_number: str) -> points_pb2.ListUsablePointsResponse:
        return points_pb2.ListUsablePointsResponse(
            mykey_id="MY123456",
            usable_points=[balance(1, 1730, pin_above=1000), balance(2, 980, event=True)],
            shown_on=SHOWN_ON,
        )

    async def mergeable_points(self, serial_number: str) -> merging_pb2.GetMergeablePointsResponse:
        return merging_pb2.GetMergeablePointsResponse(
            mykey_id="MY123456",
            issuer_id="000002",
            street_name="A商店街",
            street_point_id="123456789",
            usable_points=balance(1, 1730),
            shown_on=SHOWN_ON,
        )

    async def card_challenge(self, request_id: str) -> bytes:
        return request_id.encode()

    async def book(self, method: str, request: bytes) -> Booked:
        self.sent.append(request)
        if self.away:
            raise UnreachableError("UNAVAILABLE", "")
        if self.refusal:
            raise self.refusal
        if method == "Spend":
            return Booked(method, _spent(points_pb2.SpendRequest.FromString(request)))
        return Booked(method, _merged(merging_pb2.MergeRequest.FromString(request)))

    async def settle(self, request_id: str) -> Decision:
        raise UnreachableError("UNAVAILABLE", "")

    async def watch(self, tell: Callable[[bool], None]) -> None:
        tell(True)
        await asyncio.Event().wait()


def _spent(request: points_pb2.SpendRequest) -> bytes:
    return points_pb2.SpendResponse(
        transaction_number="2017040200001",
        book_time=BOOKED_AT,
        mykey_id="MY123456",
        program_id=request.program_id,
        program_name="A市ポイント",
        points=request.points,
        balance_after=1730 - request.points,
    ).SerializeToString()


def _merged(request: merging_pb2.MergeRequest) -> bytes:
    return merging_pb2.MergeResponse(
        transaction_number="2017040200001",
        book_time=BOOKED_AT,
        mykey_id="MY123456",
        program_id=request.program_id,
        program_name="A市ポイント",
        points=request.points,
        balance_after=1730 - request.points,
        issuer_id="000002",
        street_name="A商店街",
        street_point_id="123456789",
        merge_file=merging_pb2.MergeFile(name="000002-2017040200001.mrg", content=b"sealed"),
    ).SerializeToString()


class Watch:
    """A clock for the Enter guard, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Counter:
    """The application on a canned gateway."""

    def __init__(
        self, folder: Path, language: str, monkeypatch: pytest.MonkeyPatch, *, spool: bool = True
    ) -> None:
        self.gateway = CannedGateway("")
        monkeypatch.setattr(app_module, "_import_gateway", lambda: lambda _address: self.gateway)
        texts.use(language)
        self.watch = Watch()
        self.spool = folder / "spool"
        if spool:
            self.spool.mkdir()
        settings = Settings(
            server="127.0.0.1:1",
            state_folder=folder / "state",
            spool_folder=self.spool,
            language=language,
            reader="",
            virtual_cards=None,
            virtual_printer=None,
            hint=HINT,
        )
        settings.state_folder.mkdir()
        self.reader = VirtualReader(
            [boxed("桜井さん"), BoxedCard("図書館カード", lambda: VirtualCard({}))]
        )
        self.app = CounterApp(
            settings, self.reader, None, virtual_reader=self.reader, monotonic=self.watch
        )
