"""The session: who is signed in, and all that it takes to call and to book."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from counter_tui.bookings.bookings import Bookings, Finished
from counter_tui.bookings.outbox import Outbox
from counter_tui.calls.answers import SessionEndedError, TroubleError, UnreachableError
from counter_tui.core.kept_trust import KeptTrustError, Opener
from counter_tui.core.machine import machine_fingerprint
from counter_tui.core.settings import State
from counter_tui.texts import _

if TYPE_CHECKING:
    from jichipoint.v1 import terminals_pb2

    from counter_tui.bookings.kinds import Kinds
    from counter_tui.bookings.trust import Trust
    from counter_tui.calls.bookings import BookingCalls
    from counter_tui.calls.server import Calls
    from counter_tui.host import Host
    from counter_tui.slips.receipts import Letterhead

    Opening = tuple[type[Calls], Kinds]


class Session:
    """A terminal's, from its sign-in on."""

    def __init__(
        self,
        host: "Host",
        authority: bytes | None,
        load: "Callable[[], Opening]",
        *,
        keeps_trust: bool = False,
    ) -> None:
        """`load` imports what calls the server, and the kinds of bookings; both take a while.

        With `keeps_trust` it also begins without network, to take vouchers (VCH-8).
        """
        self._host = host
        self._authority = authority
        self._load = load
        self._keeps_trust = keeps_trust
        self._settings = host.settings
        self.state = State(host.settings.state_folder)
        self.is_open = False
        self.is_reached = False
        """Whether the server has signed the terminal in; else it began without network."""
        self.may_put_contact_off = False
        """Whether the terminal was registered before contacts were asked for (TRM-4)."""
        self.training = False
        self.terminal: terminals_pb2.Terminal | None = None
        self.calls: Calls
        self.kinds: Kinds
        self.server: BookingCalls
        """Where bookings are sent."""
        self.bookings: Bookings
        self.trust: Trust
        self._opening: asyncio.Future[None] | None = None
        self._signing_in: asyncio.Future[None] | None = None

    @property
    def terminal_label(self) -> str:
        """Who this terminal is, for the title bar."""
        if self.terminal is None:
            return ""
        return f"{self.terminal.municipality_name} {self.terminal.terminal_name}"

    @property
    def letterhead(self) -> "Letterhead":
        """Who prints slips here."""
        from counter_tui.slips.receipts import Letterhead  # noqa: PLC0415

        place = self.terminal.place_name if self.terminal else ""
        terminal_id = self.terminal.terminal_id if self.terminal else ""
        return Letterhead(place, terminal_id, self.training)

    def begin(self) -> None:
        """Open the way to the server, beside the first screen."""
        self._opening = asyncio.ensure_future(self._open_calls())

    async def opened(self) -> None:
        """Return once there is a way to the server."""
        if self._opening is not None:
            await self._opening

    async def _open_calls(self) -> None:
        """Import gRPC and the tasks off the event loop, after the first paint."""
        calls_class, self.kinds = await asyncio.to_thread(self._load)
        self.calls = calls_class(self._settings.server, self._authority)
        self.calls.terminals.on_server_time = self._host.clock.learn
        self.server = self.calls.bookings(self.kinds.paths)

    async def sign_in(self, terminal_id: str, password: str, *, training: bool = False) -> None:
        """Open a session; once one for training is open, all later ones are.

        Where no server answers, go by what an earlier session was told of vouchers.
        Raises TroubleError, MachineError, StateError, OutboxError, RedemptionError.
        """
        from counter_tui.bookings.trust import Trust  # noqa: PLC0415

        await self.opened()
        in_thread = self._host.in_thread
        state_folder = self._settings.state_folder
        fingerprint = await in_thread(machine_fingerprint, state_folder)
        training = training or self.training
        opener = Opener(terminal_id, password, fingerprint)
        try:
            answer = await self.calls.terminals.sign_in(
                terminal_id, password, fingerprint, training=training
            )
        except UnreachableError as trouble:
            if training or not self._keeps_trust:
                raise
            await self._begin_without_network(opener, trouble)
            return
        await in_thread(self.state.remember_terminal, terminal_id)
        self.may_put_contact_off = await in_thread(self.state.may_put_contact_off)
        name = f"{terminal_id}-training" if training else terminal_id
        await self.open_outbox(answer.terminal, name)
        self.trust = await Trust.open(
            self.calls.vouchers,
            self.server,
            self.redemptions_folder(name),
            answer.terminal,
            self._host.clock,
        )
        if training and not self.training:
            self.training = True
            self._host.cards.practise(answer.practice_cards)
        self.is_open = self.is_reached = True
        if self._keeps_trust and not training:
            self._host.run_worker(self._keep_trust(opener), group="keeping", exclusive=True)

    async def open_outbox(self, terminal: "terminals_pb2.Terminal", name: str) -> None:
        """Be that terminal from now on, with its outbox. Raises OutboxError."""
        self.terminal = terminal
        outbox = await self._host.in_thread(Outbox, self._settings.state_folder / "outbox" / name)
        spool_folder = self._settings.spool_folder
        self.bookings = Bookings(self.server, outbox, spool_folder, self._tell_delivered)

    def redemptions_folder(self, name: str) -> Path:
        """Return where redemptions wait for the network."""
        return self._settings.state_folder / "redemptions" / name

    async def _begin_without_network(self, opener: Opener, trouble: UnreachableError) -> None:
        from counter_tui.parts.without_network import begin_without_network  # noqa: PLC0415

        await begin_without_network(self._host, opener, trouble)
        self.is_open, self.is_reached = True, False

    async def _keep_trust(self, opener: Opener) -> None:
        from counter_tui.parts.without_network import keep_trust  # noqa: PLC0415

        try:
            await keep_trust(self._host, opener)
        except KeptTrustError as error:
            text = _("ネットワークがないときのための記録を保存できません。")
            self._host.tell_everywhere(f"{text}\n{error}")

    async def signed_in_again(self, trouble: TroubleError) -> bool:
        """Ask for the password if a session's end is the trouble; whether that helped."""
        if not isinstance(trouble, SessionEndedError):
            return False
        await self.sign_in_again()
        return True

    async def sign_in_again(self) -> None:
        """Ask for the password above whatever is shown, and return once it was right."""
        if self._signing_in is None:
            self._signing_in = asyncio.get_running_loop().create_future()
            screen = self._host.ask_for_password()
            self._host.push_screen(screen, self._signed_in_again)
            screen.call_after_refresh(
                screen.tell,
                _("ログインの有効時間が過ぎました。続けるにはもう一度ログインしてください。")
                if self.is_reached
                else _("サーバーにつながりました。ログインしてください。"),
                stays=True,
            )
        # Whoever waits may be cancelled, such as the reading of a card that was taken out.
        await asyncio.shield(self._signing_in)

    def _signed_in_again(self, _signed_in: bool | None) -> None:
        if self._signing_in is not None:
            self._signing_in.set_result(None)
            self._signing_in = None
        self._host.work_on()

    def stop_asking(self) -> None:
        """Take back the question for the password; whoever waited for it is cancelled."""
        if self._signing_in is not None:
            self._signing_in.cancel()
            self._signing_in = None

    async def deliver_again(self, finished: Finished) -> Finished:
        """Try once more to put a merge file into the spool folder."""
        if finished.undelivered is None:
            return finished
        return await self.bookings.deliver(finished.undelivered, finished.booked)

    def _tell_delivered(self, transaction_number: str) -> None:
        self._host.run_worker(self._report_delivered(transaction_number))

    async def _report_delivered(self, transaction_number: str) -> None:
        """Tell the server that a merge's file is in the spool folder; else the next start does."""
        with suppress(TroubleError):
            await self.calls.merging.report_merge_delivered(transaction_number)
