"""Vouchers without network: what the counter trusts then, and what waits to be redeemed (VCH-8)."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from google.type.date_pb2 import Date
from jichipoint.v1 import terminals_pb2, vouchers_pb2

from counter_tui.bookings.redemptions import Caps, RedemptionQueue, TrustOverError, Waiting
from counter_tui.calls.answers import RefusedError, TroubleError
from counter_tui.core.tokyo import day_of
from counter_tui.core.voucher_code import SignedVoucher, VoucherKey

if TYPE_CHECKING:
    from counter_tui.calls.bookings import BookingCalls
    from counter_tui.calls.vouchers import VoucherCalls


@dataclass(frozen=True, slots=True)
class Summary:
    """What waits, for the screens."""

    count: int
    points: int
    refused: tuple[Waiting, ...]
    """The server did not redeem these; the operator has not seen it yet."""
    last_day_is_today: int
    """How many of those that wait are good today for the last time."""
    damaged: int


class Trust:
    """The keys and caps that the server told, and the terminal's queue."""

    def __init__(
        self,
        server: "BookingCalls",
        queue: RedemptionQueue,
        told: vouchers_pb2.GetVoucherTrustResponse,
        clock: Callable[[], datetime],
    ) -> None:
        self._server = server
        self._queue = queue
        self._clock = clock
        self._sending = asyncio.Lock()
        self.told = told
        self.keys: Mapping[int, VoucherKey] = {
            key.key_id: VoucherKey(key.key_id, key.public_key, key.withdrawn) for key in told.keys
        }
        self.caps = Caps(told.offline_vouchers_max, told.offline_points_max)
        self.programs: Mapping[str, str] = {
            one.program_id: one.program_name for one in told.programs
        }

        self.last_day = _day(told.last_day) if told.HasField("last_day") else day_of(clock())
        """On which keys and caps are believed for the last time."""

    @classmethod
    async def open(
        cls,
        vouchers: "VoucherCalls",
        server: "BookingCalls",
        folder: Path,
        terminal: terminals_pb2.Terminal,
        clock: Callable[[], datetime],
    ) -> "Trust":
        """Ask the server for keys and caps. Raises TroubleError, RedemptionError."""
        told = vouchers_pb2.GetVoucherTrustResponse()
        if terminal.can_redeem_vouchers:
            told = await vouchers.voucher_trust()
        return await cls.of(server, folder, told, clock)

    @classmethod
    async def of(
        cls,
        server: "BookingCalls",
        folder: Path,
        told: vouchers_pb2.GetVoucherTrustResponse,
        clock: Callable[[], datetime],
    ) -> "Trust":
        """Go by what the server told. Raises RedemptionError."""
        queue = await asyncio.to_thread(RedemptionQueue, folder)
        return cls(server, queue, told, clock)

    @property
    def holds(self) -> bool:
        """Whether the last day of keys and caps has not passed."""
        return day_of(self._clock()) <= self.last_day

    async def take(self, signed: SignedVoucher, request_id: str) -> Waiting:
        """Keep a voucher until the network is back.

        Raises TrustOverError, and what RedemptionQueue.take raises.
        """
        if not self.holds:
            raise TrustOverError(self.last_day)
        now = self._clock()
        today = day_of(now)
        return await asyncio.to_thread(self._queue.take, signed, request_id, self.caps, now, today)

    async def summary(self) -> Summary:
        """Return what waits. Raises RedemptionError."""
        found, damaged = await asyncio.to_thread(self._queue.read)
        today = day_of(self._clock())
        waiting = [one for one in found if not one.refusal]
        return Summary(
            len(waiting),
            sum(one.points for one in waiting),
            tuple(one for one in found if one.refusal),
            sum(date.fromisoformat(one.last_good_day) <= today for one in waiting),
            len(damaged),
        )

    async def seen(self, refused: tuple[Waiting, ...]) -> None:
        """Forget refusals that the operator has seen."""
        for one in refused:
            await asyncio.to_thread(self._queue.remove, one)

    async def send_all(self) -> bool:
        """Send what waits, oldest first, until the server is silent; whether anything changed.

        Raises RedemptionError; what was not written down is sent again, by the same request ID.
        """
        changed = False
        async with self._sending:
            found, _damaged = await asyncio.to_thread(self._queue.read)
            for one in found:
                if one.refusal:
                    continue
                request = vouchers_pb2.RedeemVoucherRequest(
                    request_id=one.request_id, voucher_number=one.voucher_number
                )
                try:
                    await self._server.book("RedeemVoucher", request.SerializeToString())
                except RefusedError as refused:
                    if not refused.decided:
                        return changed
                    await asyncio.to_thread(
                        self._queue.refuse, one, refused.reason, refused.message
                    )
                except TroubleError:
                    return changed
                else:
                    await asyncio.to_thread(self._queue.remove, one)
                changed = True
        return changed


def _day(told: Date) -> date:
    return date(told.year, told.month, told.day)
