"""印字待ち: what waits for the printer, and what may be on paper in part (RCP-2)."""

from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.widget import Widget

from counter_tui.printers.queue import QueueError
from counter_tui.printers.texts import trouble_text
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import CounterModal
from counter_tui.shell.widgets import NumberedList, Words
from counter_tui.texts import _

SHOWN_MAX = 6


class PrintQueueBox(CounterModal[None]):
    """What to do about slips that are not printed."""

    KEYS = ("dismiss_box",)
    BINDINGS: ClassVar = [*bindings("dismiss_box"), ("f12", "dismiss_box", "")]

    def box(self) -> Iterable[Widget]:
        """Return what waits, and what can be done."""
        yield Words(_("印字待ち"), classes="box-heading")
        yield Words("", id="queue")
        yield NumberedList()
        yield Words("", id="queue-message")

    def on_mount(self) -> None:
        """Show what waits."""
        self._show()

    def _show(self) -> None:
        printing = self.host.slips.printing
        if printing is None:
            return
        state = printing.queue_state()
        lines = [_("待ち: {title}").format(title=slip.title) for slip in state.waiting]
        lines += [_("途中まで?: {title}").format(title=slip.title) for slip in state.uncertain]
        trouble = [trouble_text(state.trouble)] if state.trouble else []
        shown = lines[:SHOWN_MAX] or [_("待っている伝票はありません。")]
        text = "\n".join([*trouble, *shown])
        self.query_one("#queue", Words).show(text)
        choices = []
        if state.waiting:
            choices = [_("今すぐもう一度印字する"), _("最初の伝票の印字をやめる")]
        elif state.uncertain:
            choices = [_("最初の伝票をもう一度印字する"), _("最初の伝票は印字済みとする")]
        chooser = self.query_one(NumberedList)
        chooser.show(choices)
        chooser.focus()

    @work(exclusive=True)
    async def on_numbered_list_chosen(self, chosen: NumberedList.Chosen) -> None:
        """Do what was chosen."""
        printing = self.host.slips.printing
        if printing is None:
            return
        state = printing.queue_state()
        first = (*state.waiting, *state.uncertain)[:1]
        try:
            for slip in first:
                if chosen.index == 1:
                    await self.host.in_thread(printing.discard, slip.id)
                elif state.waiting:
                    printing.retry()
                else:
                    await self.host.in_thread(printing.print_again, slip.id)
        except QueueError as error:
            self.query_one("#queue-message", Words).show(str(error))
        self._show()

    def action_dismiss_box(self) -> None:
        """Close the box."""
        self.dismiss(None)
