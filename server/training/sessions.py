"""Opening a training session: the terminal is the real one, everything else is practice."""

import uuid

from peewee import Database

from server.callers.rules import active_terminal
from server.callers.sessions import PRACTICE_PREFIX
from server.callers.sign_in import NewSession, new_session
from server.callers.values import Terminal, TerminalKey
from server.chance import Chance, uuid7
from server.clock import Clock, Moment
from server.ledger.store import Reader
from server.ledger.values import AccountKey, AccountKind, RequestKey
from server.ledger.writer import Writer
from server.municipalities.rules import in_period, is_usable_at
from server.municipalities.values import UsableProgramsKey
from server.points.granting import GrantCommand
from server.threads.readers import Readers
from server.training.citizens import PracticeCitizen, practice_citizens
from server.training.copying import read_settings, write_settings

CALLER = "practice"
GRANT_SECONDS = 10.0


class Training:
    """The training ledger, as far as signing in needs it."""

    def __init__(
        self,
        real_readers: Readers,
        writer: Writer,
        readers: Readers,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._real_readers = real_readers
        self._writer = writer
        self._readers = readers
        self._clock = clock
        self._chance = chance

    async def open(self, terminal_id: str) -> tuple[NewSession, Terminal, list[PracticeCitizen]]:
        """Open a session for a terminal whose password and machine were checked.

        The settings are copied anew, and the practice cards are filled up.
        """
        settings = await self._real_readers.query(
            lambda database: read_settings(database, terminal_id)
        )
        now = Moment.of(self._clock.now())

        def begin(database: Database) -> NewSession:
            write_settings(database, settings)
            return new_session(
                database, terminal_id, now.microseconds, self._chance, prefix=PRACTICE_PREFIX
            )

        session = await self._writer.run(begin)
        key = TerminalKey(terminal_id)
        found = await self._readers.read(lambda reader: reader.look_up([key]).get(key))
        terminal = active_terminal(found)
        cards = practice_citizens(terminal_id)
        await self._fill_up(terminal, cards, now)
        return session, terminal, cards

    async def _fill_up(self, terminal: Terminal, cards: list[PracticeCitizen], now: Moment) -> None:
        def missing(reader: Reader) -> list[tuple[PracticeCitizen, str, int]]:
            key = UsableProgramsKey(terminal.municipality_code or "")
            programs = [
                one
                for one in reader.look_up([key]).get(key, ())
                if is_usable_at(one, terminal) and in_period(one, now.day)
            ]
            accounts = {
                (card.serial_number, program.program_id): AccountKey(
                    program.program_id, AccountKind.HELD, str(card.citizen_id)
                )
                for card in cards
                for program in programs
            }
            lots = reader.lots(list(accounts.values()))
            wanted = []
            for card in cards:
                for program in programs:
                    account = accounts[card.serial_number, program.program_id]
                    held = sum(lot.remaining for lot in lots[account])
                    wanted.append((card, program.program_id, card.points - held))
            return wanted

        for card, program_id, points in await self._readers.read(missing):
            if points > 0:
                raw = uuid7(now.microseconds // 1000, self._chance)
                request = RequestKey(CALLER, str(uuid.UUID(bytes=raw)))
                grant = GrantCommand(request, b"", card.serial_number, program_id, points)
                await self._writer.book(grant, GRANT_SECONDS)
