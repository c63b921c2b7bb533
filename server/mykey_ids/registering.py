"""MyKey IDs made, changed, and tied to a new card: what follows from an attempt."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol, TypeVar

from server.callers.rules import active_terminal
from server.callers.values import TerminalKey
from server.citizens.rules import accepted_citizen, accepted_holder
from server.citizens.values import CertificateKey, Citizen, Holder, MykeyKey
from server.clock import Moment
from server.ledger.commands import WithoutAccounts
from server.ledger.store import Reader
from server.ledger.values import (
    Key,
    Refusal,
    Registration,
    RequestKey,
    Write,
)
from server.ledger.view import View
from server.mykey_ids.errors import MykeyReason
from server.mykey_ids.rules import (
    check_base,
    check_password,
    check_reserved,
    may_begin,
    open_attempt,
    reserved_citizen,
)
from server.mykey_ids.values import Attempt, AttemptKey, BaseKey, Purpose

_EVENT = """INSERT INTO mykey_event (caller, request_id, attempt_id, kind, citizen_id, mykey_id,
    replaces, serial_number, registered_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_END_ATTEMPT = "UPDATE mykey_attempt SET ended_at = ? WHERE caller = ? AND request_id = ?"
_FREE = "DELETE FROM mykey_candidate WHERE caller = ? AND request_id = ?"
_CITIZEN = "INSERT INTO citizen (citizen_id, mykey_id) VALUES (?, ?)"
_PROFILE = """INSERT INTO citizen_profile (citizen_id, password_hash, mail, mails_granted,
    mails_lapsed, mails_password, mails_mykey_id, base_municipality_code)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_CARD = """INSERT INTO certificate (serial_number, citizen_id, last_good_day) VALUES (?, ?, ?)
    ON CONFLICT (serial_number) DO UPDATE SET citizen_id = excluded.citizen_id
    WHERE certificate.citizen_id = ?"""
"""The card of a revoked MyKey ID may make a new one (MKY-7); of that one, and of no other."""
_NOT_ANOTHERS = """INSERT INTO certificate (serial_number, citizen_id, last_good_day)
    SELECT serial_number, citizen_id, last_good_day FROM certificate
    WHERE serial_number = ? AND citizen_id <> ?"""
"""Adds nothing; or another process gave the card to another, and all is decided once more."""
_NOBODY = -1
_CHANGE = "UPDATE citizen SET mykey_id = ? WHERE citizen_id = ? AND mykey_id = ?"
_OLD_CARDS = """UPDATE certificate SET revoked_at = ?
    WHERE citizen_id = ? AND revoked_at IS NULL"""

Encode = Callable[[str], bytes]
T = TypeVar("T")

NOT_LOOKED_AT = Refusal(MykeyReason.ATTEMPT_OVER)
"""Stands for a password as long as nobody has looked at it: nothing can be booked with it."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How a citizen signs in to My Page, and which mails they wish (MKY-4)."""

    password_hash: str | Refusal
    """Or what refused the registration before the password was hashed."""
    mail: str
    mails_granted: bool
    mails_lapsed: bool
    mails_password: bool
    mails_mykey_id: bool
    base_municipality_code: str


@dataclass(frozen=True, slots=True)
class AttemptCommand(WithoutAccounts):
    """What the commands have in common that bring an attempt to its end."""

    request: RequestKey
    fingerprint: bytes
    terminal_id: str
    attempt_id: str
    serial_number: str
    """The attempt's: it is asked once more."""

    def attempt_key(self) -> AttemptKey:
        """Return what names the attempt."""
        return AttemptKey(self.request.caller, self.attempt_id)

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        return (
            TerminalKey(self.terminal_id),
            self.attempt_key(),
            CertificateKey(self.serial_number),
        )

    def attempt(self, view: View, moment: Moment, purpose: Purpose) -> Attempt:
        """Return the attempt, or refuse where it is over."""
        active_terminal(view.find(TerminalKey(self.terminal_id)))
        found = view.find(self.attempt_key())
        return open_attempt(found, moment.microseconds, purpose)

    def ending(
        self,
        attempt: Attempt,
        kind: str,
        moment: Moment,
        *,
        citizen_id: int,
        mykey_id: str,
        replaces: str | None = None,
    ) -> tuple[Write, ...]:
        """Return what ends the attempt, and keeps what became of it."""
        return (
            Write(
                _EVENT,
                (
                    *self.request,
                    self.attempt_id,
                    kind,
                    citizen_id,
                    mykey_id,
                    replaces,
                    attempt.serial_number,
                    moment.microseconds,
                ),
            ),
            Write(_END_ATTEMPT, (moment.microseconds, *attempt.request)),
            Write(_FREE, tuple(attempt.request)),
        )


@dataclass(frozen=True, slots=True)
class RegisterMykeyCommand(AttemptCommand):
    """登録 of a MyKey ID (S16)."""

    mykey_id: str
    profile: Profile
    encode: Encode
    method: str = "RegisterMykeyId"

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        base = BaseKey(self.profile.base_municipality_code)
        return (*AttemptCommand.names(self), base, MykeyKey(self.mykey_id))

    def check(self, view: View, moment: Moment) -> tuple[Attempt, Holder | None, Citizen]:
        """Return attempt, the card's holder so far and the new citizen; or refuse.

        The password has no say in it.
        """
        attempt = self.attempt(view, moment, Purpose.CREATE)
        check_reserved(attempt, self.mykey_id, moment.microseconds)
        holder = view.find(CertificateKey(attempt.serial_number))
        may_begin(Purpose.CREATE, holder, attempt.last_good_day, moment.day)
        check_base(view.find(BaseKey(self.profile.base_municipality_code)))
        taken = view.find(MykeyKey(self.mykey_id))
        return attempt, holder, reserved_citizen(attempt, taken, self.mykey_id)

    def decide(self, view: View, moment: Moment, number: str) -> Registration:  # noqa: ARG002
        """Make the citizen, with card and profile; or refuse."""
        attempt, holder, citizen = self.check(view, moment)
        profile = self.profile
        in_order = (
            _looked_at(profile.password_hash),
            profile.mail,
            profile.mails_granted,
            profile.mails_lapsed,
            profile.mails_password,
            profile.mails_mykey_id,
            profile.base_municipality_code,
        )
        return Registration(
            self.encode(self.mykey_id),
            (
                Write(_CITIZEN, (citizen.citizen_id, citizen.mykey_id)),
                *_given_card(attempt, citizen, holder),
                Write(_PROFILE, (citizen.citizen_id, *in_order)),
                *self.ending(
                    attempt,
                    "CREATED",
                    moment,
                    citizen_id=citizen.citizen_id,
                    mykey_id=citizen.mykey_id,
                ),
            ),
            {
                self.attempt_key(): replace(attempt, ended=True),
                CertificateKey(attempt.serial_number): _holder(citizen, attempt.last_good_day),
                MykeyKey(citizen.mykey_id): citizen,
            },
        )


@dataclass(frozen=True, slots=True)
class ChangeMykeyCommand(AttemptCommand):
    """変更 of a MyKey ID (S61, MKY-6)."""

    mykey_id: str
    encode: Callable[[str, str], bytes]
    """From the new one and the one it replaces."""
    method: str = "ChangeMykeyId"

    def decide(self, view: View, moment: Moment, number: str) -> Registration:  # noqa: ARG002
        """Put the reserved MyKey ID in place of the holder's, or refuse."""
        attempt = self.attempt(view, moment, Purpose.CHANGE)
        check_reserved(attempt, self.mykey_id, moment.microseconds)
        key = CertificateKey(attempt.serial_number)
        holder = accepted_holder(view.find(key), moment.day)
        old, citizen_id = holder.mykey_id, holder.citizen_id
        return Registration(
            self.encode(self.mykey_id, old),
            (
                Write(_CHANGE, (self.mykey_id, citizen_id, old)),
                *self.ending(
                    attempt,
                    "CHANGED",
                    moment,
                    citizen_id=citizen_id,
                    mykey_id=self.mykey_id,
                    replaces=old,
                ),
            ),
            {
                self.attempt_key(): replace(attempt, ended=True),
                key: replace(holder, mykey_id=self.mykey_id),
                MykeyKey(old): None,
                MykeyKey(self.mykey_id): Citizen(citizen_id, self.mykey_id, mykey_id_revoked=False),
            },
        )


@dataclass(frozen=True, slots=True)
class TieCardCommand(AttemptCommand):
    """Tie a new card to the MyKey ID whose password its holder knows (CRD-4)."""

    mykey_id: str
    password_fits: bool | Refusal
    """Whether it is the MyKey ID's, checked before; or what refused the card before that."""
    encode: Encode
    method: str = "TieCard"

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        return (*AttemptCommand.names(self), MykeyKey(self.mykey_id))

    def check(self, view: View, moment: Moment) -> Attempt:
        """Return the attempt, or refuse where it is over.

        Of the MyKey ID nothing is told before its password was looked at, in no less time.
        """
        return self.attempt(view, moment, Purpose.TIE)

    def decide(self, view: View, moment: Moment, number: str) -> Registration:  # noqa: ARG002
        """Tie the card, and let the cards before it find nobody any more; or refuse."""
        attempt = self.check(view, moment)
        check_password(fits=_looked_at(self.password_fits))
        citizen = accepted_citizen(view.find(MykeyKey(self.mykey_id)))
        key = CertificateKey(attempt.serial_number)
        holder = view.find(key)
        may_begin(Purpose.TIE, holder, attempt.last_good_day, moment.day)
        return Registration(
            self.encode(citizen.mykey_id),
            (
                Write(_OLD_CARDS, (moment.microseconds, citizen.citizen_id)),
                *_given_card(attempt, citizen, holder),
                *self.ending(
                    attempt,
                    "CARD_TIED",
                    moment,
                    citizen_id=citizen.citizen_id,
                    mykey_id=citizen.mykey_id,
                ),
            ),
            {
                self.attempt_key(): replace(attempt, ended=True),
                key: _holder(citizen, attempt.last_good_day),
            },
        )


class WithPassword(Protocol):
    """A command for which a password has to be looked at, which takes a while."""

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        ...

    def check(self, view: View, moment: Moment) -> object:
        """Raise Refusal where it is refused whatever the password is."""
        ...


def refused_before(reader: Reader, command: WithPassword, moment: Moment) -> Refusal | None:
    """Return what a command is refused with before anybody looks at its password, if anything."""
    view = View(reader.look_up(list(command.names())))
    try:
        command.check(view, moment)
    except Refusal as refusal:
        return refusal
    return None


def _looked_at(found: T | Refusal) -> T:
    """Return what was found of a password, or raise what refused the command before."""
    if isinstance(found, Refusal):
        raise found
    return found


def _given_card(attempt: Attempt, citizen: Citizen, before: Holder | None) -> tuple[Write, ...]:
    """Return what gives the attempt's card to a citizen, from the one who was found by it."""
    seen = _NOBODY if before is None else before.citizen_id
    day = attempt.last_good_day.isoformat()
    return (
        Write(_CARD, (attempt.serial_number, citizen.citizen_id, day, seen)),
        Write(_NOT_ANOTHERS, (attempt.serial_number, citizen.citizen_id)),
    )


def _holder(citizen: Citizen, last_good_day: date) -> Holder:
    return Holder(
        citizen.citizen_id,
        citizen.mykey_id,
        mykey_id_revoked=False,
        certificate_last_good_day=last_good_day,
        certificate_revoked=False,
    )
