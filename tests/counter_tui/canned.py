"""A gateway with fixed answers, so that screens can be drawn without a server."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from jichipoint.v1 import (
    days_pb2,
    merging_pb2,
    points_pb2,
    programs_pb2,
    terminals_pb2,
    transactions_pb2,
    vouchers_pb2,
)
from textual import events
from textual.widgets import Input

from counter_tui import app as app_module
from counter_tui import texts
from counter_tui.app import CounterApp
from counter_tui.bookings.outbox import Entry, Outbox
from counter_tui.calls.answers import (
    Booked,
    Decision,
    RefusedError,
    Settled,
    TroubleError,
    UnreachableError,
)
from counter_tui.core.settings import Settings
from counter_tui.faces.face import Face
from counter_tui.faces.shop.face import SHOP
from counter_tui.kinds import KINDS
from counter_tui.printers.address import parse_address
from counter_tui.printers.printing import Printing
from counter_tui.slips.escpos import Paper
from counter_tui.virtual.card import VirtualCard
from counter_tui.virtual.reader import BoxedCard, VirtualReader
from tests.counter_tui.canned_contacts import CannedContacts
from tests.counter_tui.canned_mykey import CannedMykeys
from tests.counter_tui.canned_service_ids import CannedServiceIds, registered
from tests.counter_tui.citizens import boxed

BOOKED_AT = Timestamp(seconds=1491123757)
"""2017-04-02 18:02:37 in Tokyo, as in S31."""
ISSUED_AT = Timestamp(seconds=1491013944)
"""2017-04-01 11:32:24 in Tokyo, as in S35."""
NUMBER, UNKNOWN_NUMBER = "987654321012", "000000000000"
QR_TEXT = (
    "JPV1.987654321012.00000001.500.20170401.20170501.0001.4KRRAC7S75EQRXGEZ6BD7GBVHB6SE24CJSGP"
    "7ZBQ3PUVHYKAXPHXW4NX5BNIQJANVGJGQHARGEXRLLERJVTTRFIZ6PD7VKYFWMDC6BY"
)
"""The vector of formats.md."""
PUBLIC_KEY = bytes.fromhex("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8")
NOW = BOOKED_AT.ToDatetime(tzinfo=UTC)
SHOWN_ON = Date(year=2017, month=4, day=2)
STREET_CARD = "123456789"
LEFT_ID = "019c0000-0000-7000-8000-000000000001"
"""Of the request that an earlier run left."""
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


class CannedGateway(CannedMykeys, CannedServiceIds, CannedContacts):
    """Answers as S29 to S39 show it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.sent: list[bytes] = []
        self.away = False
        self.issuer_id = "000002"
        self.is_shop = True
        """Else it is the chamber of commerce, which issues vouchers."""
        self.refusal: RefusedError | None = None
        self.known: Decision | None = None
        """What was decided on a request of an earlier run."""
        self.merge_trouble: TroubleError | None = None
        """What keeps a card from being looked up for merging."""
        self.merge_pin_above: int | None = None
        self.undelivered: list[merging_pb2.ListUndeliveredMergesResponse.UndeliveredMerge] = []
        self.delivered: list[str] = []
        self.street_takes = False
        """Whether the street's system takes merges."""

    async def sign_in(
        self,
        terminal_id: str,
        password: str,
        machine_fingerprint: bytes,
        *,
        training: bool = False,
    ) -> terminals_pb2.SignInResponse:
        if password != "demo-1234":
            raise RefusedError("SIGN_IN_REFUSED", "端末IDまたは端末パスワードが違います。")
        answer = terminals_pb2.SignInResponse(terminal=self.terminal(terminal_id))
        if training:
            answer.practice_cards.add(label="練習カード1", certificate_serial_number="7EA1")
        return answer

    def terminal(self, terminal_id: str = "00010011") -> terminals_pb2.Terminal:
        return terminals_pb2.Terminal(
            terminal_id=terminal_id,
            terminal_class=terminals_pb2.TERMINAL_CLASS_SERVICE_ID,
            municipality_name="A市",
            place_name="花田酒店",
            terminal_name="花田酒店 レジ1",
            issuer_id=self.issuer_id,
            issuer_name="A商店街" if self.issuer_id else "",
            can_merge=self.is_shop,
            can_spend=self.is_shop,
            can_issue_vouchers=not self.is_shop,
            can_redeem_vouchers=True,
            has_contact=self.contact_book.contact is not None,
        )

    async def choose_issuer(self, issuer_id: str) -> terminals_pb2.Terminal:
        self.issuer_id = issuer_id
        return self.terminal()

    async def set_contact(self, contact: terminals_pb2.Contact) -> terminals_pb2.Terminal:
        book = self.contact_book
        book.sent.append(contact)
        book.answer()
        book.contact = contact
        return self.terminal()

    async def voucher_trust(self) -> vouchers_pb2.GetVoucherTrustResponse:
        return vouchers_pb2.GetVoucherTrustResponse(
            keys=[vouchers_pb2.VoucherKey(key_id=1, public_key=PUBLIC_KEY)],
            offline_vouchers_max=2,
            offline_points_max=1000,
            programs=[
                vouchers_pb2.VoucherProgram(program_id="00000001", program_name="A市ポイント")
            ],
        )

    async def redemption_places(self) -> list[vouchers_pb2.RedemptionPlace]:
        places = [vouchers_pb2.RedemptionPlace(place_id=1, name="花田酒店")]
        if not self.is_shop:
            places.append(vouchers_pb2.RedemptionPlace(place_id=4, name="青木青果店"))
        return places

    async def look_up_voucher(self, voucher_number: str, place_id: int) -> vouchers_pb2.Voucher:
        if self.away:
            raise UnreachableError("UNAVAILABLE", "サーバーから返事がありません。")
        if voucher_number == UNKNOWN_NUMBER:
            text = "この発券番号のポイント券は、ここでは使えません。"
            raise RefusedError("VOUCHER_UNKNOWN", text)
        return voucher(voucher_number)

    async def reprint_voucher(
        self, request_id: str, transaction_number: str
    ) -> vouchers_pb2.ReprintVoucherResponse:
        return vouchers_pb2.ReprintVoucherResponse(
            voucher=voucher(NUMBER), qr_text=QR_TEXT, reprint_count=1
        )

    async def day_transactions(self) -> list[days_pb2.DayTransaction]:
        nothing = transactions_pb2.TRANSACTION_KIND_UNSPECIFIED
        cancelled = transactions_pb2.TRANSACTION_KIND_CANCEL
        kinds = (
            (transactions_pb2.TRANSACTION_KIND_REDEEM, 500, nothing),
            (transactions_pb2.TRANSACTION_KIND_SPEND, 300, cancelled),
            (transactions_pb2.TRANSACTION_KIND_SPEND, 1200, nothing),
        )
        return [
            days_pb2.DayTransaction(
                transaction_number=f"201704020000{number}",
                kind=kind,
                book_time=BOOKED_AT,
                program_id="00000001",
                program_name="A市ポイント",
                points=points,
                settled_by=settled_by,
                mykey_id="" if kind == transactions_pb2.TRANSACTION_KIND_REDEEM else "MY123456",
                person="佐藤" if settled_by else "",
            )
            for number, (kind, points, settled_by) in enumerate(kinds)
        ]

    async def day_transaction(self, transaction_number: str) -> Booked:
        request = points_pb2.SpendRequest(program_id="00000001", points=300)
        return Booked("Spend", _spent(request.SerializeToString()))

    async def day_totals(self) -> days_pb2.GetDayTotalsResponse:
        return days_pb2.GetDayTotalsResponse(
            day=SHOWN_ON,
            totals=[
                days_pb2.DayTotal(
                    kind=kind,
                    program_id="00000001",
                    program_name="A市ポイント",
                    count=1,
                    points=points,
                )
                for kind, points in (
                    (transactions_pb2.TRANSACTION_KIND_SPEND, 1200),
                    (transactions_pb2.TRANSACTION_KIND_REDEEM, 500),
                )
            ],
            read_time=BOOKED_AT,
        )

    async def usable_points(self, serial_number: str) -> points_pb2.ListUsablePointsResponse:
        return points_pb2.ListUsablePointsResponse(
            mykey_id="MY123456",
            usable_points=[balance(1, 1730, pin_above=1000), balance(2, 980, event=True)],
            shown_on=SHOWN_ON,
        )

    async def mergeable_points(self, serial_number: str) -> merging_pb2.GetMergeablePointsResponse:
        if self.merge_trouble:
            raise self.merge_trouble
        return merging_pb2.GetMergeablePointsResponse(
            mykey_id="MY123456",
            issuer_id="000002",
            street_name="A商店街",
            street_point_id="123456789",
            usable_points=balance(1, 1730, pin_above=self.merge_pin_above),
            shown_on=SHOWN_ON,
        )

    async def mergeable_by_street_card(
        self, customer_id: str
    ) -> merging_pb2.GetMergeablePointsResponse:
        if customer_id != STREET_CARD:
            raise RefusedError("STREET_CARD_UNKNOWN", "この番号は登録されていません。")
        return await self.mergeable_points("")

    async def undelivered_merges(
        self,
    ) -> list[merging_pb2.ListUndeliveredMergesResponse.UndeliveredMerge]:
        return self.undelivered

    async def report_merge_delivered(self, transaction_number: str) -> None:
        self.delivered.append(transaction_number)

    async def merge_state(self, transaction_number: str) -> merging_pb2.MergeState:
        state = merging_pb2.MergeState(transaction_number=transaction_number)
        if self.street_takes:
            state.acknowledge_time.CopyFrom(BOOKED_AT)
        return state

    async def card_challenge(self, request_id: str) -> bytes:
        return request_id.encode()

    async def book(self, method: str, request: bytes) -> Booked:
        self.sent.append(request)
        if self.away:
            raise UnreachableError("UNAVAILABLE", "")
        if self.refusal:
            raise self.refusal
        return Booked(method, _ANSWERS[method](request))

    async def look_up(self, request_id: str) -> Decision | None:
        if self.away:
            raise UnreachableError("UNAVAILABLE", "")
        return self.known

    async def settle(self, request_id: str) -> Decision:
        if self.away:
            raise UnreachableError("UNAVAILABLE", "")
        return Settled()

    async def server_time(self) -> datetime:
        return NOW

    async def watch(self, tell: Callable[[bool], None]) -> None:
        tell(True)
        await asyncio.Event().wait()


def voucher(number: str) -> vouchers_pb2.Voucher:
    return vouchers_pb2.Voucher(
        voucher_number=number,
        transaction_number="2017040200001",
        program_id="00000001",
        program_name="A市ポイント",
        points=500,
        issue_time=ISSUED_AT,
        days_valid=30,
        last_good_day=Date(year=2017, month=5, day=1),
        issuing_place_name="A商工会",
        state=vouchers_pb2.VOUCHER_STATE_OPEN,
    )


def _issued(content: bytes) -> bytes:
    request = vouchers_pb2.IssueVoucherRequest.FromString(content)
    issued = voucher(NUMBER)
    issued.points = request.points
    return vouchers_pb2.IssueVoucherResponse(
        transaction_number="2017040200001",
        book_time=BOOKED_AT,
        mykey_id="MY123456",
        balance_after=1730 - request.points,
        voucher=issued,
        qr_text=QR_TEXT,
    ).SerializeToString()


def _redeemed(content: bytes) -> bytes:
    request = vouchers_pb2.RedeemVoucherRequest.FromString(content)
    redeemed = voucher(request.voucher_number)
    redeemed.redeeming_place_name = "花田酒店"
    return vouchers_pb2.RedeemVoucherResponse(
        transaction_number="2017040200002", book_time=BOOKED_AT, voucher=redeemed
    ).SerializeToString()


def _cancelled(content: bytes) -> bytes:
    request = points_pb2.CancelSpendRequest.FromString(content)
    return points_pb2.CancelSpendResponse(
        transaction_number="2017040200003",
        book_time=BOOKED_AT,
        cancelled_transaction_number=request.transaction_number,
        mykey_id="MY123456",
        program_id="00000001",
        points=1200,
        balance_after=1730,
    ).SerializeToString()


def _spent(content: bytes) -> bytes:
    request = points_pb2.SpendRequest.FromString(content)
    return points_pb2.SpendResponse(
        transaction_number="2017040200001",
        book_time=BOOKED_AT,
        mykey_id="MY123456",
        program_id=request.program_id,
        program_name="A市ポイント",
        points=request.points,
        balance_after=1730 - request.points,
    ).SerializeToString()


def _merged(content: bytes) -> bytes:
    request = merging_pb2.MergeRequest.FromString(content)
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


_ANSWERS: dict[str, Callable[[bytes], bytes]] = {
    "Spend": _spent,
    "Merge": _merged,
    "IssueVoucher": _issued,
    "RedeemVoucher": _redeemed,
    "CancelSpend": _cancelled,
    "RegisterServiceId": registered,
}


class CannedCalls:
    """Every service of a canned gateway."""

    def __init__(self, gateway: CannedGateway) -> None:
        self.gateway = gateway
        self.cards = self.days = self.merging = self.mykey = self.points = gateway
        self.service_ids = self.terminals = self.vouchers = gateway
        self.watch = gateway.watch

    def bookings(self, paths: Mapping[str, str]) -> CannedGateway:
        assert "Spend" in paths
        return self.gateway


class Watch:
    """A clock for the Enter guard, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Counter:
    """The application on a canned gateway."""

    def __init__(
        self,
        folder: Path,
        language: str,
        monkeypatch: pytest.MonkeyPatch,
        *,
        spool: bool = True,
        printer: bool = False,
        cards: tuple[BoxedCard, ...] = (),
        face: Face = SHOP,
    ) -> None:
        self.gateway = CannedGateway("")
        monkeypatch.setattr(
            app_module, "_load", lambda: (lambda *_where: CannedCalls(self.gateway), KINDS)
        )
        # A cursor that blinks would be in a picture or not.
        monkeypatch.setattr(Input, "_toggle_cursor", lambda _field: None)
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
            hint=HINT,
        )
        settings.state_folder.mkdir()
        self.receipts = folder / "receipts.escpos"
        self.printing: Printing | None = None
        if printer:
            address = parse_address(f"file:{self.receipts}")
            self.printing = Printing(address, Paper(), folder / "queue")
        self.reader = VirtualReader(
            [boxed("桜井さん"), BoxedCard("図書館カード", lambda: VirtualCard({})), *cards]
        )
        self.app = CounterApp(
            settings,
            face,
            self.reader,
            self.printing,
            card_box=self.reader,
            monotonic=self.watch,
            clock=lambda: NOW,
        )


def left_by_an_earlier_run(counter: Counter, method: str = "Spend", request: bytes = b"") -> bytes:
    """Put a request into the outbox that was begun ten minutes ago; return it.

    Without a request it is a spend.
    """
    request = (
        request
        or points_pb2.SpendRequest(
            request_id=LEFT_ID,
            mykey_id="MY123456",
            program_id="00000001",
            points=1200,
            shown_on=SHOWN_ON,
        ).SerializeToString()
    )
    begun = NOW - timedelta(minutes=10)
    folder = counter.app.settings.state_folder / "outbox" / "00010011"
    Outbox(folder).put(Entry(LEFT_ID, method, request, begun, False, None))
    return request


def scan(app: CounterApp, text: str) -> None:
    """Let a scanner send a code and its Enter: all keys at the same moment."""
    for character in text:
        app.post_message(events.Key(f"key_{ord(character):x}", character))
    app.post_message(events.Key("enter", "\r"))
