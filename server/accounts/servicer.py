"""LedgerService: protobuf in, reading, protobuf out."""

from jichipoint.v1 import ledger_pb2 as pb
from peewee import Database

from server.accounts.errors import AccountsReason
from server.accounts.history import (
    MOST,
    Line,
    UpTo,
    balance_at,
    history,
    moment_of_transaction,
)
from server.citizens.errors import CitizenReason
from server.citizens.values import Citizen, MykeyKey
from server.clock import Clock, Moment
from server.ledger.store import Reader
from server.ledger.values import AccountKey, AccountKind, Refusal
from server.municipalities.values import Program, ProgramKey
from server.points.errors import PointsReason
from server.readers import Readers
from server.rpc import fields, pages
from server.rpc.access import LEDGER_READERS, Whose, open_to
from server.rpc.booking import timestamp
from server.rpc.calls import Call
from server.terminals.values import TerminalClass, TerminalKey

PAGE_SIZE, PAGE_SIZE_MAX = 30, 100
OF_CITIZENS = (AccountKind.HELD, AccountKind.RESERVED)
OWNER_LENGTH_MAX = 20


class LedgerServicer:
    """Balances and histories."""

    def __init__(self, readers: Readers, clock: Clock) -> None:
        self._readers = readers
        self._clock = clock

    @open_to(LEDGER_READERS, Whose.MUNICIPALITY)
    async def GetBalance(  # noqa: N802
        self, request: pb.GetBalanceRequest, call: Call
    ) -> pb.GetBalanceResponse:
        """LED-8."""
        account = await self._account(request.account, call)
        now = Moment.of(self._clock.now()).microseconds
        number, time = None, now
        match request.WhichOneof("moment"):
            case "transaction_number":
                number = fields.text(request.transaction_number, "transaction_number", 20)
            case "time":
                time = fields.microseconds(request.time, "time")
        if time > now:
            raise Refusal(AccountsReason.MOMENT_IN_FUTURE)

        def read(database: Database) -> pb.GetBalanceResponse:
            moment: UpTo | None = UpTo(MOST, time)
            if number is not None:
                moment = moment_of_transaction(database, number)
            if moment is None:
                raise Refusal(AccountsReason.MOMENT_UNKNOWN)
            found = balance_at(database, account, moment)
            return pb.GetBalanceResponse(
                points=found.points,
                usable_points=found.usable_points,
                last_transaction_number=found.last_transaction_number,
            )

        return await self._readers.query(read)

    @open_to(LEDGER_READERS, Whose.MUNICIPALITY)
    async def ListAccountTransactions(  # noqa: N802
        self, request: pb.ListAccountTransactionsRequest, call: Call
    ) -> pb.ListAccountTransactionsResponse:
        """LED-8."""
        account = await self._account(request.account, call)
        size = pages.size(request.page_size, PAGE_SIZE, PAGE_SIZE_MAX)
        before = pages.position(request.page_token) or MOST
        found = await self._readers.query(
            lambda database: history(database, account, before, size + 1)
        )
        page = found[:size]
        return pb.ListAccountTransactionsResponse(
            transactions=[_message(line) for line in page],
            next_page_token=pages.token(page[-1].transaction_id) if len(found) > size else "",
        )

    async def _account(self, named: pb.Account, call: Call) -> AccountKey:
        """Return the account that is meant, or refuse where the caller may not see it."""
        program_id = fields.digits(named.program_id, "account.program_id", 8)
        kind = _kind(named.kind)
        program_key, terminal_key = ProgramKey(program_id), TerminalKey(call.session.terminal_id)
        mykey_key = MykeyKey(named.owner)

        def read(reader: Reader) -> tuple[Program | None, str | None, Citizen | None]:
            found = reader.look_up([program_key, terminal_key, mykey_key])
            terminal = found.get(terminal_key)
            code = terminal.municipality_code if terminal else None
            return found.get(program_key), code, found.get(mykey_key)

        if kind in OF_CITIZENS:
            fields.mykey_id(named.owner)
        elif named.owner:
            fields.text(named.owner, "account.owner", OWNER_LENGTH_MAX)
        program, municipality_code, citizen = await self._readers.read(read)
        all_of_them = call.session.terminal_class == TerminalClass.OPERATOR
        if program is None or not (all_of_them or program.municipality_code == municipality_code):
            raise Refusal(PointsReason.PROGRAM_UNKNOWN)
        if kind not in OF_CITIZENS:
            return AccountKey(program_id, kind, named.owner)
        if citizen is None:
            raise Refusal(CitizenReason.MYKEY_ID_UNKNOWN)
        return citizen.account(program_id)._replace(kind=kind)


def _kind(value: "pb.AccountKind.ValueType") -> AccountKind:
    try:
        return AccountKind(pb.AccountKind.Name(value).removeprefix("ACCOUNT_KIND_"))
    except ValueError as error:
        raise fields.invalid("account.kind", "one of the kinds of accounts") from error


def _message(line: Line) -> pb.AccountTransaction:
    return pb.AccountTransaction(
        transaction_number=line.transaction_number,
        kind=line.kind,
        book_time=timestamp(line.booked_at),
        points=line.points,
        balance_after=line.balance_after,
        refers_to=line.refers_to,
    )
