"""The part of the canned gateway that keeps the terminal's contact and knows postal codes."""

from dataclasses import dataclass, field
from functools import cached_property

from jichipoint.v1 import terminals_pb2

from counter_tui.calls.answers import TroubleError

POSTAL_CODE, SHARED_CODE, UNKNOWN_CODE = "1050011", "4980000", "9999999"
FoundAddress = terminals_pb2.FindAddressesResponse.FoundAddress


def contact() -> terminals_pb2.Contact:
    return terminals_pb2.Contact(
        contact_name="花田　太郎",
        postal_code=POSTAL_CODE,
        prefecture="東京都",
        address="港区芝公園9-9-9",
        telephone="03-0000-0000",
        mail="hanada@example.jp",
    )


@dataclass
class ContactBook:
    """What is registered, what was asked, and what goes wrong next."""

    contact: terminals_pb2.Contact | None = field(default_factory=contact)
    troubles: list[TroubleError] = field(default_factory=list)
    """Instead of the next answers, one after the other."""
    sent: list[terminals_pb2.Contact] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)

    def answer(self) -> None:
        if self.troubles:
            raise self.troubles.pop(0)


class CannedContacts:
    """A mixin of the canned gateway."""

    @cached_property
    def contact_book(self) -> ContactBook:
        return ContactBook()

    async def contact(self) -> terminals_pb2.GetContactResponse:
        self.contact_book.answer()
        return terminals_pb2.GetContactResponse(contact=self.contact_book.contact)

    async def addresses(self, postal_code: str) -> list[FoundAddress]:
        self.contact_book.looked_up.append(postal_code)
        self.contact_book.answer()
        found = {
            POSTAL_CODE: [("東京都", "港区芝公園")],
            SHARED_CODE: [
                ("愛知県", "弥富市"),
                *(("三重県", f"桑名郡木曽岬町{n}") for n in range(1, 13)),
            ],
        }
        return [
            FoundAddress(prefecture=prefecture, address=address)
            for prefecture, address in found.get(postal_code, [])
        ]
