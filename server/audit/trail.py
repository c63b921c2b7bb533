"""Events of calls, until they are written: bounded, whatever callers do."""

from collections import Counter
from collections.abc import Mapping

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

from server.audit.subjects import Tell, teller
from server.audit.values import Event, shown
from server.callers.sessions import Session, machine_name
from server.callers.values import caller_of
from server.clock import Clock, Moment
from server.rpc.handled import OK, Handled

ALONE_MAX = 20_000
"""Events that wait by themselves; more are counted together."""
KINDS_EACH_MAX, KINDS_MAX = 20, 2000
"""Kinds of events without a session that are told apart: of one address, and of all."""
BEHIND_THE_GUARD = frozenset(
    {"OK", "SIGN_IN_REFUSED", "STREET_SIGN_IN_REFUSED", "MACHINE_NOT_BOUND", "TERMINAL_WITHDRAWN"}
)
"""How sign-ins end that were looked at: so few that each is told by itself."""
NOT_LOOKED_AT = frozenset({"INVALID_FIELD", "UNDECODABLE_MESSAGE"})
"""What was sent in vain may be anything, a password in the wrong field too."""


class Trail:
    """Takes what was handled, and gives it away as events."""

    def __init__(self, clock: Clock, services: Mapping[ServiceDescriptor, object]) -> None:
        self._clock = clock
        self._methods = {
            method.full_name: _Method(method) for one in services for method in one.methods
        }
        self._alone: list[Event] = []
        self._counted: dict[tuple[str, ...], Event] = {}
        self._kinds_of: Counter[str] = Counter()

    def handled(self, call: Handled) -> None:
        """Note a call that has ended. Calls for training are none of the trail's (USE-7)."""
        if call.in_practice:
            return
        method = self._methods[call.method]
        event = method.event(call, Moment.of(self._clock.now()).microseconds)
        is_sign_in = method.signs_in and call.result in BEHIND_THE_GUARD
        if (call.session is not None or is_sign_in) and len(self._alone) < ALONE_MAX:
            self._alone.append(event)
        else:
            self._count(event)

    def _count(self, event: Event) -> None:
        """Count an event with those like it; of a flood, what it was about is not told."""
        if event.caller or self._kinds_of[event.address] >= KINDS_EACH_MAX:
            event = event._replace(machine="", request_id="", subject="")
        if len(self._counted) >= KINDS_MAX:
            event = event._replace(address="", person="")
        alike = event[1:-1]
        before = self._counted.get(alike)
        if before is None:
            self._kinds_of[event.address] += 1
            self._counted[alike] = event
            return
        first = min(before.noted_at, event.noted_at)
        self._counted[alike] = before._replace(noted_at=first, times=before.times + event.times)

    def take(self, *, with_counted: bool = True) -> list[Event]:
        """Return the events since the last time, in their order."""
        taken, self._alone = self._alone, []
        if with_counted:
            taken += self._counted.values()
            self._counted, self._kinds_of = {}, Counter()
        return sorted(taken, key=lambda event: event.noted_at)

    def give_back(self, events: list[Event]) -> None:
        """Take events again that could not be written."""
        for event in events:
            if event.times == 1 and len(self._alone) < ALONE_MAX:
                self._alone.append(event)
            else:
                self._count(event)


class _Method:
    """What is told of the calls of a method."""

    def __init__(self, descriptor: MethodDescriptor) -> None:
        self._action = f"{descriptor.containing_service.name}/{descriptor.name}"
        self._tell_request = teller(descriptor.input_type)
        self._tell_reply = teller(descriptor.output_type)
        self.signs_in = "session_token" in descriptor.output_type.fields_by_name

    def event(self, call: Handled, now: int) -> Event:
        """Return a call as an event; `now` in microseconds."""
        session = call.session
        terminal = session if isinstance(session, Session) else None
        return Event(
            now,
            session.caller if session else self._signed_in(call),
            terminal.person if terminal else shown(_text(call.request, "person")),
            terminal.machine if terminal else _machine(call.request),
            call.address,
            self._action,
            call.result,
            shown(_text(call.request, "request_id")),
            "" if session is None and call.result in NOT_LOOKED_AT else self._subject(call),
        )

    def _signed_in(self, call: Handled) -> str:
        """Return who signed in, once the password was right."""
        terminal_id = _text(call.request, "terminal_id")
        is_right = self.signs_in and terminal_id and call.result == OK
        return caller_of(terminal_id) if is_right else ""

    def _subject(self, call: Handled) -> str:
        told = (_told(self._tell_request, call.request), _told(self._tell_reply, call.reply))
        return " ".join(filter(None, told))


def _text(message: Message | None, field: str) -> str:
    return str(getattr(message, field, ""))


def _machine(message: Message | None) -> str:
    """Return which machine a sign-in came from, or said to come from (TRM-5)."""
    return machine_name(getattr(message, "machine_fingerprint", None))


def _told(tell: Tell, message: Message | None) -> str:
    return tell(message) if message is not None else ""
