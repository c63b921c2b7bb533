"""Messages of any kind for a method, from its descriptor: plausible, absurd, and broken."""

from typing import Any, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

from tests.server.support import (
    CARD_A,
    CLIENT_SECRET,
    COUNTER,
    MUNICIPAL,
    MYKEY,
    STREET_1,
    STREET_POINT_IDS,
    new_request_id,
)

Field = FieldDescriptor
_KNOWN_TEXTS = (
    CARD_A,
    MYKEY[CARD_A],
    MUNICIPAL,
    STREET_1,
    STREET_POINT_IDS[STREET_1],
    COUNTER,
    CLIENT_SECRET,
    new_request_id(),
    "2026070100001",
    "987654321012",
)
_ODD_TEXTS = ("", " ", "\x00", "あ" * 200, "x" * 10_000, "\u202e", "１２３", "-1", "%s", "'; --")
_WHOLE = st.sampled_from((0, 1, -1, 2**31 - 1, -(2**31), 9_999_999_999, 2**63 - 1, -(2**63)))
_TEXTS = st.one_of(st.sampled_from(_KNOWN_TEXTS), st.sampled_from(_ODD_TEXTS), st.text(max_size=40))
_DEPTH_MAX = 3


def messages(descriptor: Descriptor, depth: int = 0) -> st.SearchStrategy[Message]:
    """Messages of a type, each field set or not."""
    fields = {
        field.name: _field(field, depth)
        for field in descriptor.fields
        if field.message_type is None or depth < _DEPTH_MAX
    }
    return st.fixed_dictionaries({}, optional=fields).map(
        lambda values: GetMessageClass(descriptor)(**values)
    )


def mutated(content: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Bytes with something changed, cut off, or put behind."""

    @st.composite
    def change(draw: st.DrawFn) -> bytes:
        given = bytearray(draw(content))
        place = draw(st.integers(0, len(given)))
        kind = draw(st.sampled_from(("change", "cut", "add")))
        if kind == "cut":
            return bytes(given[:place])
        if kind == "add" or place == len(given):
            return bytes(given) + draw(st.binary(max_size=20))
        given[place] = draw(st.integers(0, 255))
        return bytes(given)

    return change()


def _field(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    one = _value(field, depth)
    return st.lists(one, max_size=3) if field.is_repeated else one


def _value(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    match field.cpp_type:
        case Field.CPPTYPE_STRING if field.type == Field.TYPE_BYTES:
            return st.one_of(st.binary(max_size=40), st.just(bytes(32)))
        case Field.CPPTYPE_STRING:
            return _TEXTS
        case Field.CPPTYPE_BOOL:
            return st.booleans()
        case Field.CPPTYPE_MESSAGE:
            return messages(cast(Descriptor, field.message_type), depth + 1)
        case Field.CPPTYPE_ENUM:
            return st.sampled_from((0, 1, 2, 99, -1))
        case Field.CPPTYPE_INT32:
            return _WHOLE.filter(lambda value: -(2**31) <= value < 2**31)
        case Field.CPPTYPE_INT64:
            return _WHOLE
    raise AssertionError(f"{field.full_name} is of a kind that these tests do not know")
