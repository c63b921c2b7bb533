"""All that the application asks of the server, by service."""

from collections.abc import Callable, Mapping

from counter_tui.calls.bookings import BookingCalls
from counter_tui.calls.cards import CardCalls
from counter_tui.calls.channel import Channel
from counter_tui.calls.days import DayCalls
from counter_tui.calls.merging import MergeCalls
from counter_tui.calls.mykey import MykeyCalls
from counter_tui.calls.points import PointCalls
from counter_tui.calls.service_ids import ServiceIdCalls
from counter_tui.calls.terminals import TerminalCalls
from counter_tui.calls.vouchers import VoucherCalls


class Calls:
    """One channel, and a client for each service. Made and used in the event loop."""

    def __init__(self, address: str, authority: bytes | None = None) -> None:
        """`authority` (PEM) must have signed the server's certificate; None: there is no TLS."""
        self._channel = channel = Channel(address, authority)
        self.cards = CardCalls(channel)
        self.days = DayCalls(channel)
        self.merging = MergeCalls(channel)
        self.mykey = MykeyCalls(channel)
        self.points = PointCalls(channel)
        self.service_ids = ServiceIdCalls(channel)
        self.terminals = TerminalCalls(channel)
        self.vouchers = VoucherCalls(channel)

    def bookings(self, paths: Mapping[str, str]) -> BookingCalls:
        """Return what sends bookings; `paths` as BookingCalls has them."""
        return BookingCalls(self._channel, paths)

    async def watch(self, tell: Callable[[bool], None]) -> None:
        """Tell, now and at every change, whether the server answers. Runs until cancelled."""
        await self._channel.watch(tell)

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()
