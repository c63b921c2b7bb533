"""The reasons of all rooms, which no two have in common (API-2)."""

from itertools import chain

from server.accounts.errors import AccountsReason
from server.callers.errors import TerminalReason
from server.citizens.errors import CitizenReason
from server.ledger.errors import LedgerReason
from server.ledger.refusals import Reason
from server.merging.errors import MergingReason
from server.mykey_ids.errors import MykeyReason
from server.points.errors import PointsReason
from server.rpc.errors import RpcReason
from server.rpc.status import Statuses
from server.service_ids.errors import ServiceIdReason
from server.streets.errors import StreetReason
from server.vouchers.errors import VoucherReason

_ROOMS: tuple[type[Reason], ...] = (
    AccountsReason,
    CitizenReason,
    LedgerReason,
    MergingReason,
    MykeyReason,
    PointsReason,
    RpcReason,
    ServiceIdReason,
    StreetReason,
    TerminalReason,
    VoucherReason,
)

REASONS = {str(reason): reason for reason in chain.from_iterable(_ROOMS)}
STATUSES = Statuses(REASONS.values())
