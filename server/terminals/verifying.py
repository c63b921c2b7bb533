"""Whose password it is: verified in turns, so that nobody keeps others from signing in (SEC-3)."""

import asyncio

from server.ledger.values import Refusal
from server.readers import Readers
from server.terminals.errors import TerminalReason
from server.terminals.sign_in import check_password, find_terminal, is_bound_to
from server.terminals.sign_in_guard import SignInGuard, by_address, by_machine, network_of
from server.terminals.tables import TerminalRow
from server.turns import Turns

AT_ONCE, WAITING_MAX = 1, 256
"""Each takes a core and 64 MiB for a while, which the bookings want too: one for machines that
are known, and one for all others."""
EACH_MACHINE_MAX, EACH_NETWORK_MAX = 1, 8


class Verifier:
    """Verifies passwords of terminals."""

    def __init__(self, readers: Readers, guard: SignInGuard) -> None:
        self._readers = readers
        self._guard = guard
        self._known = Turns(AT_ONCE, WAITING_MAX, EACH_MACHINE_MAX)
        self._others = Turns(AT_ONCE, WAITING_MAX, EACH_NETWORK_MAX)

    async def verify(
        self, terminal_id: str, password: str, machine_fingerprint: bytes, address: str
    ) -> TerminalRow:
        """Return the terminal whose password it is. Raises Refusal, and QueueFullError."""
        found = await self._readers.query(lambda database: find_terminal(database, terminal_id))
        if found is not None and is_bound_to(found, machine_fingerprint):
            if found.withdrawn_at is not None:
                raise Refusal(TerminalReason.TERMINAL_WITHDRAWN)
            tried, turns, name = (
                by_machine(terminal_id, machine_fingerprint),
                self._known,
                terminal_id,
            )
        else:
            tried = by_address(f"terminal {terminal_id}", address)
            turns, name = self._others, network_of(address)
        self._guard.check(tried)
        async with turns.taken(name):
            with self._guard.trying(tried, TerminalReason.SIGN_IN_REFUSED):
                return await _to_its_end(found, password)


async def _to_its_end(found: TerminalRow | None, password: str) -> TerminalRow:
    """Verify in a thread; a caller that leaves keeps its turn until the thread is done."""
    verifying = asyncio.ensure_future(asyncio.to_thread(check_password, found, password))
    try:
        return await asyncio.shield(verifying)
    except asyncio.CancelledError:
        await asyncio.wait((verifying,))
        verifying.exception()
        raise
