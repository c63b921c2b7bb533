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
from server.callers.values import TerminalClass, TerminalKey
from server.citizens.errors import CitizenReason
from server.citizens.values import Citizen, MykeyKey
from server.clock import Clock, Moment
from server.ledger.store import Reader
from server.ledger.values import AccountKey, AccountKind, Refusal
from server.municipalities.values import Program, ProgramKey
from server.points.errors import PointsReason
from server.rpc import fields, pages
from server.rpc.access import LEDGER_READERS, Whose, open_to
from server.rpc.booking import timestamp, transaction_kind
from server.rpc.calls import Call
from server.threads.readers import Readers

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
        now = Moment.of(self._clock.now()).microseconds
        with fields.checked() as checked:
            named = checked(_named_in, request.account)
            moment = checked(_moment_in, request)
        account = await self._account(named, call)
        number, time = moment[0], now if moment[1] is None else moment[1]
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
        with fields.checked() as checked:
            named = checked(_named_in, request.account)
            size = checked(pages.size, request.page_size, PAGE_SIZE, PAGE_SIZE_MAX)
            before = checked(pages.position, request.page_token) or MOST
        account = await self._account(named, call)
        found = await self._readers.query(
            lambda database: history(database, account, before, size + 1)
        )
        page = found[:size]
        return pb.ListAccountTransactionsResponse(
            transactions=[_message(line) for line in page],
            next_page_token=pages.token(page[-1].transaction_id) if len(found) > size else "",
        )

    async def _account(self, named: AccountKey, call: Call) -> AccountKey:
        """Return the account that is meant, or refuse where the caller may not see it."""
        program_id, kind = named.program_id, named.kind
        program_key, terminal_key = ProgramKey(program_id), TerminalKey(call.session.terminal_id)
        mykey_key = MykeyKey(named.owner)

        def read(reader: Reader) -> tuple[Program | None, str | None, Citizen | None]:
            found = reader.look_up([program_key, terminal_key, mykey_key])
            terminal = found.get(terminal_key)
            code = terminal.municipality_code if terminal else None
            return found.get(program_key), code, found.get(mykey_key)

        program, municipality_code, citizen = await self._readers.read(read)
        all_of_them = call.session.terminal_class == TerminalClass.OPERATOR
        if program is None or not (all_of_them or program.municipality_code == municipality_code):
            raise Refusal(PointsReason.PROGRAM_UNKNOWN)
        if kind not in OF_CITIZENS:
            return named
        if citizen is None:
            raise Refusal(CitizenReason.MYKEY_ID_UNKNOWN)
        return citizen.account(program_id)._replace(kind=kind)


def _named_in(account: pb.Account) -> AccountKey:
    """Return what a request names: of a citizen's account the owner is a MyKey ID."""
    with fields.checked() as checked:
        program_id = checked(fields.digits, account.program_id, "account.program_id", 8)
        kind = checked(_kind, account.kind)
        if kind in OF_CITIZENS:
            checked(fields.mykey_id, account.owner, "account.owner")
        elif account.owner:
            checked(fields.text, account.owner, "account.owner", OWNER_LENGTH_MAX)
    return AccountKey(program_id, kind, account.owner)


def _moment_in(request: pb.GetBalanceRequest) -> tuple[str | None, int | None]:
    """Return the transaction number or the time, in microseconds, up to which is asked."""
    match request.WhichOneof("moment"):
        case "transaction_number":
            return fields.text(request.transaction_number, "transaction_number", 20), None
        case "time":
            return None, fields.microseconds(request.time, "time")
    return None, None


def _kind(value: "pb.AccountKind.ValueType") -> AccountKind:
    try:
        return AccountKind(pb.AccountKind.Name(value).removeprefix("ACCOUNT_KIND_"))
    except ValueError as error:
        raise fields.invalid(
            "account.kind", "one of the kinds of accounts", "決められた種類の一つ"
        ) from error


def _message(line: Line) -> pb.AccountTransaction:
    return pb.AccountTransaction(
        transaction_number=line.transaction_number,
        kind=transaction_kind(line.kind),
        book_time=timestamp(line.booked_at),
        points=line.points,
        balance_after=line.balance_after,
        refers_to=line.refers_to,
    )
