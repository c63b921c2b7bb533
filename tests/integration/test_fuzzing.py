"""Every method gets random and mutated messages; none is a fault of ours (API-3, SEC-2)."""

from typing import NamedTuple

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.rpc.access import Anyone, IssuerSystems, declared_by
from server.serving.services import SERVICERS
from tests.integration.conftest import Connect, Service
from tests.integration.messages import messages, mutated
from tests.integration.support import Client
from tests.server.support import STREET_1, TERMINALS_BY_CLASS
from tests.sizes import size

EACH = size(12, 2000)
FAULTS = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


class Fuzzed(NamedTuple):
    """A method, and its servicer's function."""

    descriptor: MethodDescriptor
    servicer: type

    @property
    def path(self) -> str:
        return f"{self.descriptor.containing_service.name}/{self.descriptor.name}"


METHODS = [
    Fuzzed(method, servicer)
    for service, servicer in SERVICERS.items()
    for method in service.methods
]


@pytest.fixture
async def caller(connect: Connect, method: Fuzzed) -> Client:
    """A caller that the method is open to."""
    declared = declared_by(getattr(method.servicer, method.descriptor.name))
    access = declared.access if declared else None
    if access is None or isinstance(access, Anyone):
        return await connect(None)
    if isinstance(access, IssuerSystems):
        client = await connect(None)
        await client.street_sign_in(STREET_1)
        return client
    return await connect(TERMINALS_BY_CLASS[min(access)])


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.path)
@settings(
    max_examples=EACH, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
async def test_no_message_brings_a_fault_of_ours(
    service: Service,
    caller: Client,
    caplog: pytest.LogCaptureFixture,
    method: Fuzzed,
    data: st.DataObject,
) -> None:
    good = messages(method.descriptor.input_type).map(lambda one: one.SerializeToString())
    content = data.draw(st.one_of(good, mutated(good)))
    try:
        await caller.raw(method.path, content)
    except grpc.aio.AioRpcError as error:
        assert error.code() not in FAULTS, error
        assert len(error.details() or "") < 1000
    assert "Traceback" not in caplog.text
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_fault_would_be_seen(
    service: Service, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The servicer's code breaks: the caller is told INTERNAL, which the test above refuses."""
    client = await connect(None)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("server.terminals.servicer.Timestamp", broken)
    told = await client.refusal("TerminalService/GetServerTime", b"")
    assert told.code in FAULTS
