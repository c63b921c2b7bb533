"""Every field that is not valid is named, in every method's requests, and in people's words."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from itertools import product
from typing import NamedTuple, TypeVar

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from server.rpc.access import IssuerSystems
from server.rpc.field_names import FIELD_NAMES
from server.serving.services import SERVICERS, DeclaredMethod, declared_methods
from server.threads.costly import Pool
from tests.integration.conftest import Connect
from tests.integration.support import Client, refused, sign_in_request
from tests.server.support import (
    CARD_A,
    CONTACT,
    COUNTER,
    MUNICIPAL,
    MYKEY,
    STREET_1,
    STREET_POINT_IDS,
    TERMINALS_BY_CLASS,
    new_request_id,
)

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

T = TypeVar("T")

PREFIX = "jichipoint.v1."
GOOD: dict[str, str] = {
    "attempt_id": new_request_id(),
    "base_municipality_code": "999997",
    "certificate_serial_number": CARD_A,
    "client_secret": "x" * 48,
    "customer_id": STREET_POINT_IDS[STREET_1],
    "issuer_id": STREET_1,
    "mykey_id": MYKEY[CARD_A],
    "owner": MYKEY[CARD_A],
    "page_token": "",
    "password": "Password1",
    "person": "桜井",
    "program_id": MUNICIPAL,
    "reason": "打ち間違い",
    "replaces": "1",
    "signature_serial_number": CARD_A,
    "street_point_id": STREET_POINT_IDS[STREET_1],
    "terminal_id": COUNTER,
    "transaction_number": "2026070100001",
    "voucher_number": "987654321012",
    "contact_name": CONTACT.contact_name,
    "postal_code": CONTACT.postal_code,
    "prefecture": CONTACT.prefecture,
    "address": CONTACT.address,
    "telephone": CONTACT.telephone,
    "mail": CONTACT.mail,
}
METHODS = [one for one in declared_methods() if not one.name.endswith("/SignOut")]


class Leaf(NamedTuple):
    """A field that is no message, or a message that stands for a value."""

    path: tuple[FieldDescriptor, ...]

    @property
    def name(self) -> str:
        """As a violation names it."""
        told = [f"{one.name}[0]" if one.is_repeated else one.name for one in self.path]
        return ".".join(told)


def leaves(descriptor: Descriptor, before: tuple[FieldDescriptor, ...] = ()) -> Iterator[Leaf]:
    for field in descriptor.fields:
        path = (*before, field)
        inner = field.message_type
        if inner is not None and inner.file.package == "jichipoint.v1":
            yield from leaves(inner, path)
        else:
            yield Leaf(path)


def holder_of(message: Message, leaf: Leaf) -> Message:
    for field in leaf.path[:-1]:
        inner = getattr(message, field.name)
        message = (inner[0] if len(inner) else inner.add()) if field.is_repeated else inner
    return message


def put(message: Message, leaf: Leaf, *, bad: bool) -> None:
    holder, field = holder_of(message, leaf), leaf.path[-1]
    value: object = bad_value(field) if bad else good_value(field)
    if isinstance(value, Message):
        getattr(holder, field.name).CopyFrom(value)
    else:
        setattr(holder, field.name, value)


def is_date(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.name == "Date"


def good_value(field: FieldDescriptor) -> object:
    match field.type:
        case FieldDescriptor.TYPE_STRING:
            return GOOD.get(field.name, new_request_id())
        case FieldDescriptor.TYPE_BYTES:
            return bytes(32)
        case FieldDescriptor.TYPE_BOOL:
            return field.name != "training"
        case FieldDescriptor.TYPE_MESSAGE if is_date(field):
            return Date(year=2026, month=7, day=1)
        case FieldDescriptor.TYPE_MESSAGE:
            return Timestamp(seconds=1)
    return 1


def bad_value(field: FieldDescriptor) -> object:
    match field.type:
        case FieldDescriptor.TYPE_STRING:
            return "\u202e🍣"
        case FieldDescriptor.TYPE_BYTES:
            return b""
        case FieldDescriptor.TYPE_BOOL:
            return False
        case FieldDescriptor.TYPE_MESSAGE if is_date(field):
            return Date(year=2026, month=13, day=1)
        case FieldDescriptor.TYPE_MESSAGE:
            return Timestamp(seconds=-1)
        case FieldDescriptor.TYPE_ENUM:
            return 99
    return -1


def choices(descriptor: Descriptor) -> Iterator[list[Leaf]]:
    """The leaves of a request, once for each way to fill in what only one of may be set."""
    groups: dict[str, list[Leaf]] = {}
    for leaf in leaves(descriptor):
        oneof = leaf.path[0].containing_oneof
        is_choice = oneof is not None and len(oneof.fields) > 1
        groups.setdefault(oneof.name if oneof and is_choice else leaf.name, []).append(leaf)
    return (list(some) for some in product(*groups.values()))


async def fields_refused(client: Client, method: DeclaredMethod, request: Message) -> set[str]:
    try:
        await client.raw(method.name.removeprefix(PREFIX), request.SerializeToString())
    except grpc.RpcError as error:
        told = refused(error)
        if told.reason == "INVALID_FIELD":
            assert all(one in told.messages["en"] for one in told.fields)
            names = [one for one in told.fields if "_" in one and one != "client_secret"]
            assert not any(one in told.messages["ja"] for one in names)
            return set(told.fields)
    return set()


async def callers(connect: Connect, method: DeclaredMethod) -> Client:
    assert method.declared is not None
    access = method.declared.access
    if isinstance(access, IssuerSystems):
        client = await connect(None)
        await client.street_sign_in(STREET_1)
        return client
    if isinstance(access, frozenset):
        allowed = sorted(access, key=lambda one: one != "SERVICE_ID")
        return await connect(TERMINALS_BY_CLASS[str(allowed[0])])
    return await connect(None)


@pytest.mark.parametrize("method", METHODS, ids=lambda one: one.name.removeprefix(PREFIX))
async def test_a_request_with_several_bad_fields_is_told_of_each(
    connect: Connect, method: DeclaredMethod, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing that costs is done for it."""
    (descriptor,) = (
        one.input_type
        for service in SERVICERS
        for one in service.methods
        if f"{service.full_name}/{one.name}" == method.name
    )
    client = await callers(connect, method)
    begun: list[Pool] = []
    begin = Pool._begin

    def begin_and_tell(pool: Pool, work: Callable[[], T]) -> "Future[T]":
        begun.append(pool)
        return begin(pool, work)

    monkeypatch.setattr(Pool, "_begin", begin_and_tell)
    for chosen in choices(descriptor):
        looked_at: set[str] = set()
        worst = GetMessageClass(descriptor)()
        for broken in chosen:
            request = GetMessageClass(descriptor)()
            for leaf in chosen:
                put(request, leaf, bad=leaf is broken)
            begun.clear()
            found = await fields_refused(client, method, request)
            assert found <= {broken.name}
            assert not (found and begun)
            looked_at |= found
            put(worst, broken, bad=True)
        assert await fields_refused(client, method, worst) == looked_at


async def test_signing_in_with_three_bad_fields_names_all_three(connect: Connect) -> None:
    client = await connect(None)
    request = sign_in_request("1", "", b"")
    told = await client.refusal("TerminalService/SignIn", request)
    assert told.fields == ("terminal_id", "password", "machine_fingerprint")
    assert told.messages["ja"] == (
        "入力内容に誤りがあります(端末ID: 半角の数字8桁、パスワード: 1～128文字、"
        "機械の識別値: 32バイト)。"
    )
    assert told.messages["en"] == (
        "Not valid: terminal_id: 8 digits; password: 1 to 128 characters; "
        "machine_fingerprint: 32 bytes."
    )


def test_every_field_of_a_request_has_a_japanese_name(engine: str) -> None:
    asked = {
        field.name
        for service in SERVICERS
        for method in service.methods
        for leaf in leaves(method.input_type)
        for field in leaf.path
    }
    assert asked == set(FIELD_NAMES)
