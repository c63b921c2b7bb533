"""The few requests of the X keyboard extension that typing needs; python-xlib has none.

Numbers and fields are those of the X Keyboard Extension protocol, version 1.0.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from Xlib.display import Display
from Xlib.protocol import rq

from counter_tui.handover.typist import HandoverError, HandoverTrouble

_USE_CORE_KEYBOARD: Final = 0x100
_ALL_MODIFIERS: Final = 0xFF


class _UseExtension(rq.ReplyRequest):
    _request = rq.Struct(
        rq.Card8("opcode"),
        rq.Opcode(0),
        rq.RequestLength(),
        rq.Card16("wanted_major"),
        rq.Card16("wanted_minor"),
    )
    _reply = rq.Struct(
        rq.ReplyCode(),
        rq.Bool("supported"),
        rq.Card16("sequence_number"),
        rq.ReplyLength(),
        rq.Card16("server_major"),
        rq.Card16("server_minor"),
        rq.Pad(20),
    )


class _GetState(rq.ReplyRequest):
    _request = rq.Struct(
        rq.Card8("opcode"), rq.Opcode(4), rq.RequestLength(), rq.Card16("device"), rq.Pad(2)
    )
    _reply = rq.Struct(
        rq.ReplyCode(),
        rq.Card8("device"),
        rq.Card16("sequence_number"),
        rq.ReplyLength(),
        rq.Card8("modifiers"),
        rq.Card8("base_modifiers"),
        rq.Card8("latched_modifiers"),
        rq.Card8("locked_modifiers"),
        rq.Card8("group"),
        rq.Pad(19),
    )


class _LatchLockState(rq.Request):
    _request = rq.Struct(
        rq.Card8("opcode"),
        rq.Opcode(5),
        rq.RequestLength(),
        rq.Card16("device"),
        rq.Card8("affected_locks"),
        rq.Card8("locks"),
        rq.Bool("sets_group_lock"),
        rq.Card8("group_lock"),
        rq.Card8("affected_latches"),
        rq.Card8("latches"),
        rq.Pad(1),
        rq.Bool("sets_group_latch"),
        rq.Card16("group_latch"),
    )


class KeyboardState:
    """What is locked and latched on a display's keyboard."""

    def __init__(self, display: Display) -> None:
        """Raises HandoverError (NO_EXTENSION)."""
        self._display = display.display
        extension = display.query_extension("XKEYBOARD")
        if extension is None:
            raise HandoverError(HandoverTrouble.NO_EXTENSION, "XKEYBOARD")
        self._opcode: int = extension.major_opcode
        _UseExtension(display=self._display, opcode=self._opcode, wanted_major=1, wanted_minor=0)

    @property
    def group(self) -> int:
        """The layout in use, where several can be switched between; counted from 0."""
        return int(self._state().group)

    @contextmanager
    def unlocked(self) -> Iterator[None]:
        """Release Caps Lock and the like for a time; a latch, good for one key, is dropped."""
        locked = int(self._state().locked_modifiers)
        self._lock(_ALL_MODIFIERS, 0)
        try:
            yield
        finally:
            self._lock(locked, locked)

    def _state(self) -> _GetState:
        return _GetState(display=self._display, opcode=self._opcode, device=_USE_CORE_KEYBOARD)

    def _lock(self, affected: int, locks: int) -> None:
        _LatchLockState(
            display=self._display,
            opcode=self._opcode,
            device=_USE_CORE_KEYBOARD,
            affected_locks=affected,
            locks=locks,
            sets_group_lock=0,
            group_lock=0,
            affected_latches=affected,
            latches=0,
            sets_group_latch=0,
            group_latch=0,
        )
