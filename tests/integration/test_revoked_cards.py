"""A card that an authority's list names is taken nowhere, also without its PIN (USE-3)."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from server.citizens.anchors import Anchor
from server.citizens.ocsp import Responder, ResponderOfSeveral
from server.citizens.revocation import RevocationList
from server.citizens.revoked_cards import RevokedCards
from server.threads.costly import Costly
from tests.integration.conftest import BALANCE, Connect, Service
from tests.integration.support import merge_request, spend_request
from tests.integration.vouchers import issue_request
from tests.server.citizens.authorities import BEGAN, LAST_GOOD_DAY, Authorities
from tests.server.citizens.conftest import authorities
from tests.server.citizens.responder import REVOKED as SAID_REVOKED
from tests.server.citizens.responder import answering, responding
from tests.server.support import CARD_A, CARD_B, COUNTER, VOUCHER

__all__ = ["authorities"]

REVOKED = "CERTIFICATE_REVOKED"


class Lists:
    """An authority's list, and the server's that reads it."""

    def __init__(self, service: Service, path: Path, authorities: Authorities) -> None:
        self._town = service.town
        self._path = path
        self._authority = authorities.authority
        anchors = [Anchor(authorities.authority.certificate, is_test=True)]
        self.revoked = RevokedCards([RevocationList(path, anchors)], service.town.clock)

    async def publish(self, *serial_numbers: str) -> None:
        """Publish a list, and let the server's minute pass."""
        numbers = [int(one, 16) for one in serial_numbers]
        made = self._town.clock.now() - timedelta(minutes=1)
        content = self._authority.revocation_list(numbers, made)
        self._path.write_bytes(content.public_bytes(Encoding.DER))
        await self.refresh()

    async def refresh(self) -> None:
        await self.revoked.refresh(Costly())


@pytest.fixture
async def lists(service: Service, authorities: Authorities, tmp_path: Path) -> Lists:
    """A server that reads a list, which names nobody yet."""
    lists = Lists(service, tmp_path / "users.crl", authorities)
    await lists.publish()
    await service.stop()
    service.revoked_cards = lists.revoked
    await service.start()
    return lists


async def test_a_card_that_a_list_names_is_taken_nowhere(
    service: Service, lists: Lists, connect: Connect
) -> None:
    counter, voucher = await connect(COUNTER), await connect(VOUCHER)
    assert (await counter.usable(CARD_A)).mykey_id
    await lists.publish(CARD_A)
    before = service.town.dump("audit_event", "counter", "booking_check", "session", "operation")
    for told in (
        await counter.refusal("PointService/Spend", spend_request(CARD_A, 10)),
        await counter.refusal("MergeService/Merge", merge_request(CARD_A, 10)),
        await voucher.refusal("VoucherService/IssueVoucher", issue_request(10, CARD_A)),
    ):
        assert told.reason == REVOKED
    after = service.town.dump("audit_event", "counter", "booking_check", "session", "operation")
    assert after == before, "nothing is booked"
    assert (await counter.spend(spend_request(CARD_B, 10, mykey_id="BBBB2222"))).balance_after == (
        BALANCE - 10
    )


async def test_a_card_that_was_only_held_is_taken_again(lists: Lists, connect: Connect) -> None:
    """A hold (一時停止) is lifted; what was refused stays refused under its request ID."""
    counter = await connect(COUNTER)
    await lists.publish(CARD_A)
    request = spend_request(CARD_A, 10)
    assert (await counter.refusal("PointService/Spend", request)).reason == REVOKED
    await lists.publish()
    assert (await counter.refusal("PointService/Spend", request)).reason == REVOKED
    assert (await counter.spend(spend_request(CARD_A, 10))).balance_after == BALANCE - 10


async def test_a_list_that_is_gone_or_out_of_date_counts_as_it_was(
    service: Service,
    lists: Lists,
    connect: Connect,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    counter = await connect(COUNTER)
    await lists.publish(CARD_A)
    (tmp_path / "users.crl").unlink()
    await lists.refresh()
    await lists.refresh()
    assert (await counter.refusal("PointService/Spend", spend_request(CARD_A, 10))).reason == (
        REVOKED
    )
    assert caplog.text.count("may be taken without a PIN") == 1, "told once"
    await lists.publish()
    await counter.spend(spend_request(CARD_A, 10))


async def test_a_responder_is_asked_beside_the_reading_and_its_answer_counts(
    service: Service, authorities: Authorities, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    answers = answering(authorities)
    answers.certificate = authorities.authority.issue(
        authorities.key, int(CARD_A, 16), BEGAN, LAST_GOOD_DAY
    )
    now = service.town.clock.now()
    answers.this_update, answers.next_update = now, now + timedelta(days=1)
    with responding(answers) as url:
        responder = Responder(url, service.town.chance)
        issuers = [authorities.same_name.certificate, authorities.authority.certificate]
        several = ResponderOfSeveral(responder, issuers)
        revoked = RevokedCards([], service.town.clock, several)
        await service.stop()
        service.revoked_cards = revoked
        await service.start()
        counter = await connect(COUNTER)
        await counter.usable(CARD_A)
        await revoked.asked()
        await counter.spend(spend_request(CARD_A, 10))
        asked = len(answers.asked)
        assert asked == len(issuers), "nobody knows which of them issued it"
        await counter.usable(CARD_A)
        await revoked.asked()
        assert len(answers.asked) == asked, "it was asked a moment ago"
        service.town.clock.advance(minutes=10)
        answers.status = SAID_REVOKED
        await counter.usable(CARD_A)
        await revoked.asked()
        told = await counter.refusal("PointService/Spend", spend_request(CARD_A, 10))
        assert told.reason == REVOKED
        assert len(answers.asked) == 2 * asked, "no booking asks"
    service.town.clock.advance(minutes=10)
    told = await counter.refusal("PointService/Spend", spend_request(CARD_A, 10))
    assert told.reason == REVOKED, "what was said counts until something else is said"
    await counter.usable(CARD_B)
    await revoked.asked()
    await counter.usable(CARD_B)
    await revoked.asked()
    assert caplog.text.count("may be taken without a PIN") == 1
    assert (await counter.spend(spend_request(CARD_B, 10, mykey_id="BBBB2222"))).balance_after
