"""Events of calls, until they are written: bounded, whatever callers do."""

from collections.abc import Mapping

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

from server.audit.subjects import Tell, teller
from server.audit.values import Event, shown
from server.clock import Clock, Moment
from server.rpc.handled import Handled
from server.terminals.sessions import Session, machine_name

ALONE_MAX = 20_000
"""Events of callers with a session that wait by themselves; more are counted together."""
COUNTED_MAX = 200
"""Kinds of events without a session that are told apart, each second."""


class Trail:
    """Takes what was handled, and gives it away as events."""

    def __init__(self, clock: Clock, services: Mapping[ServiceDescriptor, object]) -> None:
        self._clock = clock
        self._methods = {
            method.full_name: _Method(method) for one in services for method in one.methods
        }
        self._alone: list[Event] = []
        self._counted: dict[tuple[str, ...], Event] = {}

    def handled(self, call: Handled) -> None:
        """Note a call that has ended. Calls for training are none of the trail's (USE-7)."""
        if call.in_practice:
            return
        method = self._methods[call.method]
        session = call.session
        event = Event(
            Moment.of(self._clock.now()).microseconds,
            session.caller if session else "",
            session.person if isinstance(session, Session) else "",
            session.machine if isinstance(session, Session) else method.machine(call.request),
            call.address,
            method.action,
            call.result,
            method.request_id(call.request),
            method.subject(call),
        )
        if session is not None and len(self._alone) < ALONE_MAX:
            self._alone.append(event)
        else:
            self._count(event)

    def _count(self, event: Event) -> None:
        """Count an event with those like it."""
        if event.caller:
            event = event._replace(request_id="", subject="")
        elif len(self._counted) >= COUNTED_MAX:
            event = event._replace(machine="", address="", request_id="", subject="")
        alike = event[1:-1]
        before = self._counted.get(alike)
        together = before._replace(times=before.times + event.times) if before else event
        self._counted[alike] = together

    def take(self) -> list[Event]:
        """Return the events since the last time, in their order."""
        taken = sorted([*self._alone, *self._counted.values()], key=lambda event: event.noted_at)
        self._alone, self._counted = [], {}
        return taken

    def give_back(self, events: list[Event]) -> None:
        """Take events again that could not be written."""
        for event in events:
            if event.caller and event.times == 1 and len(self._alone) < ALONE_MAX:
                self._alone.append(event)
            else:
                self._count(event)


class _Method:
    """What is told of the calls of a method."""

    def __init__(self, descriptor: MethodDescriptor) -> None:
        self.action = f"{descriptor.containing_service.name}/{descriptor.name}"
        self._tell_request = teller(descriptor.input_type)
        self._tell_reply = teller(descriptor.output_type)
        self._has_machine = "machine_fingerprint" in descriptor.input_type.fields_by_name
        self._has_request_id = "request_id" in descriptor.input_type.fields_by_name

    def request_id(self, request: Message | None) -> str:
        if request is None or not self._has_request_id:
            return ""
        return shown(getattr(request, "request_id"))  # noqa: B009

    def machine(self, request: Message | None) -> str:
        """Return which machine a sign-in came from, or said to come from (TRM-5)."""
        if request is None or not self._has_machine:
            return ""
        return machine_name(getattr(request, "machine_fingerprint"))  # noqa: B009

    def subject(self, call: Handled) -> str:
        told = (_told(self._tell_request, call.request), _told(self._tell_reply, call.reply))
        return " ".join(filter(None, told))


def _told(tell: Tell, message: Message | None) -> str:
    return tell(message) if message is not None else ""
