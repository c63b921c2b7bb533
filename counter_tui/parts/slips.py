"""Slips on their way to the printer, as screens see it."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from counter_tui.texts import _

if TYPE_CHECKING:
    from counter_tui.host import Host
    from counter_tui.printers.printing import Printing
    from counter_tui.printers.queue import QueueState
    from counter_tui.shell.base import CounterScreen
    from counter_tui.slips.document import Slip

OPENING_SECONDS_MAX = 10.0


class Slips:
    """The printer with its queue, or that there is none."""

    def __init__(self, host: "Host", printing: "Printing | None") -> None:
        self._host = host
        self.printing = printing
        self.wait = False
        """Whether slips wait for the printer, or may be on paper in part."""
        self._is_opened = asyncio.Event()

    async def open(self) -> None:
        """Open the print queue: what waits in it is printed."""
        if self.printing is None:
            return
        from counter_tui.printers.queue import QueueError  # noqa: PLC0415

        def tell(state: "QueueState") -> None:
            with suppress(RuntimeError):  # the application has ended
                self._host.call_later(self._told, state)

        try:
            await self._host.in_thread(self.printing.start, tell)
        except QueueError as error:
            self._host.tell_everywhere(str(error))
        finally:
            self._is_opened.set()

    async def _until_opened(self) -> None:
        """Wait for the queue, which a slow machine opens beside the sign-in; not for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(OPENING_SECONDS_MAX):
                await self._is_opened.wait()

    async def stop(self) -> None:
        """Let go of the printer."""
        if self.printing is not None:
            await asyncio.to_thread(self.printing.stop)

    def _told(self, state: "QueueState") -> None:
        waits = bool(state.uncertain or (state.waiting and state.trouble))
        if waits != self.wait:
            self.wait = waits
            self._host.each_screen(lambda screen: screen.show_keys())

    async def print(self, slip: "Slip", screen: "CounterScreen[Any]", success: str) -> bool:
        """Print a slip and tell on the screen what came of it; whether it is on paper."""
        if self.printing is None:
            screen.tell(_("プリンターが設定されていません。"), trouble=True)
            return False
        from counter_tui.printers.printing import NotPrintableError, is_printed  # noqa: PLC0415
        from counter_tui.printers.queue import QueueError  # noqa: PLC0415
        from counter_tui.printers.texts import outcome_text  # noqa: PLC0415

        await self._until_opened()
        try:
            result = await self._host.in_thread(self.printing.print, slip)
        except (NotPrintableError, QueueError) as error:
            text = _("印字できませんでした。処理は完了しています。")
            screen.tell(f"{text}\n{error}", trouble=True)
            return False
        if is_printed(result):
            screen.tell(success)
            return True
        screen.tell(outcome_text(result), trouble=True)
        return False

    async def give_up(self, title: str) -> None:
        """Let nothing of a title come out of the printer any more: it is replaced, or void."""
        if self.printing is None:
            return
        from counter_tui.printers.queue import QueueError  # noqa: PLC0415

        await self._until_opened()
        try:
            await self._host.in_thread(self.printing.discard_titled, title)
        except QueueError as error:
            self._host.tell_everywhere(str(error))

    async def trouble(self) -> str:
        """Return what keeps a voucher from being printed now; nothing where nothing does."""
        if self.printing is None:
            return _("プリンターが設定されていないため、ポイント券を発行できません。")
        from counter_tui.printers.queue import QueueError  # noqa: PLC0415
        from counter_tui.printers.texts import trouble_text  # noqa: PLC0415

        await self._until_opened()
        try:
            state = await self._host.in_thread(self.printing.state)
        except QueueError as error:
            return str(error)
        return trouble_text(state.trouble) if state.trouble else ""
