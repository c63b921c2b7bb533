"""What the trail tells of a message: the fields that say whom or what it is about."""

from collections.abc import Callable

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from server.audit.values import shown

TOLD = (
    "terminal_id",
    "issuer_id",
    "certificate_serial_number",
    "mykey_id",
    "customer_id",
    "replaces",
    "street_point_id",
    "program_id",
    "points",
    "transaction_number",
    "voucher_number",
    "place_id",
    "attempt_id",
    "notice_id",
    "owner",
    "training",
    "postal_code",
)
"""Passwords, secrets, proofs and what a person wrote of themselves are not among them."""
WITHIN = ("account",)
"""Of these messages within it tells the same."""
REPEATED = ("merges", "service_ids")
"""Of these it tells how many there are."""

Tell = Callable[[Message], str]


def teller(message_type: Descriptor) -> Tell:
    """Return what tells the subject of a message of a type, as `name=value name=value`."""
    names = message_type.fields_by_name
    single = [name for name in TOLD if name in names and not names[name].is_repeated]
    counted = [one.name for one in message_type.fields if one.name in REPEATED and one.is_repeated]
    nested = [
        (one.name, teller(one.message_type))
        for one in message_type.fields
        if one.message_type is not None and one.name in WITHIN
    ]

    def tell(message: Message) -> str:
        parts = [
            f"{name}={shown(str(value))}" for name in single if (value := getattr(message, name))
        ]
        parts += [f"{name}={len(getattr(message, name))}" for name in counted]
        parts += [
            told
            for name, within in nested
            if message.HasField(name) and (told := within(getattr(message, name)))
        ]
        return " ".join(parts)

    return tell
