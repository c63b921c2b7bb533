"""PC/SC: the one module that knows pyscard. It blocks, and belongs into threads.

pyscard's own monitor threads end when the daemon does and never come back, so the watching
is done here, on the functions below them (docs/cards.md).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from smartcard import scard

from counter_tui.card.reader import CardError, CardTrouble

NEW_READERS = "\\\\?PnP?\\Notification"
"""A name that stands for the list of readers itself."""
RETRY_SECONDS = 1.0
"""How long the daemon is waited for before it is asked again."""
CANCEL_SECONDS = 0.02
CANCEL_TRIES = 150
BUSY_SECONDS = 0.05
BUSY_TRIES = 60
"""Another program may have the card for itself: wait up to 3 seconds."""

_GONE = {
    scard.SCARD_W_REMOVED_CARD,
    scard.SCARD_E_NO_SMARTCARD,
    scard.SCARD_E_NOT_TRANSACTED,
    scard.SCARD_W_UNPOWERED_CARD,
    scard.SCARD_E_READER_UNAVAILABLE,
    scard.SCARD_E_UNKNOWN_READER,
}
_MUTE = {
    scard.SCARD_W_UNRESPONSIVE_CARD,
    scard.SCARD_W_UNSUPPORTED_CARD,
    scard.SCARD_E_PROTO_MISMATCH,
}


class PcscError(Exception):
    """A PC/SC function failed."""

    def __init__(self, function: str, code: int) -> None:
        unsigned = code & 0xFFFFFFFF
        super().__init__(f"{function}: {scard.SCardGetErrorMessage(code)} ({unsigned:08X})")
        self.code = code


class CardResetError(CardError):
    """Another program reset the card: what was selected and verified on it is gone."""


class Slot(NamedTuple):
    """What a reader's slot looks like."""

    reader: str
    card_in: bool
    changes: int
    """Counts insertions and removals, so that a quick change of cards is seen."""


class Watcher:
    """Waits for changes of readers, through restarts of the daemon and unplugged readers.

    `choose` picks readers among those there are. `tell` gets each new state: the slot that
    counts, or None while there is no daemon or no reader, with a message that says which.
    """

    def __init__(
        self,
        choose: Callable[[list[str]], list[str]],
        tell: Callable[[Slot | None, str], None],
    ) -> None:
        self._choose = choose
        self._tell = tell
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._context: int | None = None
        self._lock = threading.Lock()

    def run(self) -> None:
        """Watch until stopped."""
        try:
            while not self._stopping.is_set():
                self._watch_one_daemon()
                self._stopping.wait(RETRY_SECONDS)
        finally:
            self._ended.set()

    def stop(self) -> None:
        """End the watching, and return when it has ended; called from another thread.

        The daemon forgets a cancellation that comes before the wait it is meant for, so it is
        said again until it was heard. A daemon that hangs does not answer a cancellation either:
        that is left to a thread of its own, and not waited for any longer.
        """
        self._stopping.set()
        cancelling: threading.Thread | None = None
        for _ in range(CANCEL_TRIES):
            if self._ended.wait(CANCEL_SECONDS):
                return
            if cancelling is None or not cancelling.is_alive():
                cancelling = threading.Thread(target=self._cancel, daemon=True)
                cancelling.start()

    def _cancel(self) -> None:
        with self._lock:
            if self._context is not None:
                scard.SCardCancel(self._context)

    def _watch_one_daemon(self) -> None:
        try:
            with _context() as context:
                self._remember(context)
                try:
                    self._watch(context)
                finally:
                    self._remember(None)
        except PcscError as error:
            if not self._stopping.is_set():
                self._tell(None, str(error))

    def _remember(self, context: int | None) -> None:
        with self._lock:
            self._context = context

    def _watch(self, context: int) -> None:
        known: dict[str, int] = {NEW_READERS: scard.SCARD_STATE_UNAWARE}
        counting: Slot | None = None
        while not self._stopping.is_set():
            readers = self._choose(list_readers(context))
            if not readers:
                counting = None
                self._tell(None, "no card reader is plugged in")
            watched = [NEW_READERS, *readers]
            before = {name: known.get(name, scard.SCARD_STATE_UNAWARE) for name in watched}
            known = dict(_wait(context, before))
            slots = {name: _slot(name, known[name]) for name in readers if _is_there(known[name])}
            if slots:
                counting = _counting(slots, before, counting)
                self._tell(counting, "")
            known = {
                name: state & ~scard.SCARD_STATE_CHANGED
                for name, state in known.items()
                if name == NEW_READERS or name in slots
            }


def _is_there(state: int) -> bool:
    return not state & scard.SCARD_STATE_UNKNOWN


def _slot(reader: str, state: int) -> Slot:
    return Slot(reader, bool(state & scard.SCARD_STATE_PRESENT), state >> 16)


def _counting(slots: dict[str, Slot], before: dict[str, int], counting: Slot | None) -> Slot:
    """Return the slot whose card was put in last, else the one before, else the first.

    Where a card is pulled out and another reader has one, that one counts.
    """
    with_card = [slot for slot in slots.values() if slot.card_in]
    put_in = [slot for slot in with_card if slot != _slot(slot.reader, before[slot.reader])]
    if put_in:
        return put_in[0]
    same = slots.get(counting.reader) if counting else None
    if same and (same.card_in or not with_card):
        return same
    return with_card[0] if with_card else next(iter(slots.values()))


def list_readers(context: int) -> list[str]:
    """Return the names of the readers. Raises PcscError."""
    code, names = scard.SCardListReaders(context, [])
    if code == scard.SCARD_E_NO_READERS_AVAILABLE:
        return []
    _check("SCardListReaders", code)
    return list(names)


def _wait(context: int, known: dict[str, int]) -> list[tuple[str, int]]:
    """Wait until something is other than it is known, and return all states."""
    code, states = scard.SCardGetStatusChange(context, scard.INFINITE, list(known.items()))
    _check("SCardGetStatusChange", code)
    return [(name, state) for name, state, _ in states]


@contextmanager
def connected(reader: str, *, exclusive: bool) -> Iterator[Callable[[bytes], bytes]]:
    """Connect to the card in a reader, and give what sends it commands.

    An exclusive connection ends with the card's power, so that a PIN that was verified opens
    nothing to another program. Raises CardError, and of these CardResetError where the work is
    worth doing again from its beginning.
    """
    with (
        _as_card_errors(),
        _context() as context,
        _card(context, reader, exclusive=exclusive) as (handle, protocol),
    ):

        def transmit(command: bytes) -> bytes:
            with _as_card_errors():
                return _transmit(handle, protocol, command)

        yield transmit


@contextmanager
def _as_card_errors() -> Iterator[None]:
    """Turn PC/SC's errors into those that a reader may raise."""
    try:
        yield
    except PcscError as error:
        kind = CardResetError if error.code == scard.SCARD_W_RESET_CARD else CardError
        raise kind(_trouble(error.code), str(error)) from error


@contextmanager
def _context() -> Iterator[int]:
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    _check("SCardEstablishContext", code)
    try:
        yield context
    finally:
        scard.SCardReleaseContext(context)


@contextmanager
def _card(context: int, reader: str, *, exclusive: bool) -> Iterator[tuple[int, int]]:
    mode = scard.SCARD_SHARE_EXCLUSIVE if exclusive else scard.SCARD_SHARE_SHARED
    protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
    pause = threading.Event()
    for _ in range(BUSY_TRIES):
        code, handle, protocol = scard.SCardConnect(context, reader, mode, protocols)
        if code != scard.SCARD_E_SHARING_VIOLATION:
            break
        pause.wait(BUSY_SECONDS)
    _check("SCardConnect", code)
    try:
        yield handle, protocol
    finally:
        end = scard.SCARD_UNPOWER_CARD if exclusive else scard.SCARD_LEAVE_CARD
        scard.SCardDisconnect(handle, end)


def _transmit(handle: int, protocol: int, command: bytes) -> bytes:
    """Send a command; where the reader speaks T=0, fetch the answer that waits."""
    answer = _exchange(handle, protocol, command)
    while len(answer) >= 2 and answer[-2] == 0x61:
        more = _exchange(handle, protocol, b"\x00\xc0\x00\x00" + answer[-1:])
        answer = answer[:-2] + more
    if len(answer) == 2 and answer[0] == 0x6C:
        return _exchange(handle, protocol, command[:4] + answer[-1:])
    return answer


def _exchange(handle: int, protocol: int, command: bytes) -> bytes:
    pci = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
    code, answer = scard.SCardTransmit(handle, pci, list(command))
    _check("SCardTransmit", code)
    if len(answer) < 2:  # some readers say it so when the card is pulled out meanwhile
        raise PcscError("SCardTransmit", scard.SCARD_W_REMOVED_CARD)
    return bytes(answer)


def _check(function: str, code: int) -> None:
    if code != scard.SCARD_S_SUCCESS:
        raise PcscError(function, code)


def _trouble(code: int) -> CardTrouble:
    if code in _GONE:
        return CardTrouble.PULLED_OUT
    if code in _MUTE:
        return CardTrouble.MUTE
    if code in (scard.SCARD_E_SHARING_VIOLATION, scard.SCARD_W_RESET_CARD):
        return CardTrouble.IN_USE
    return CardTrouble.READER_DOWN
