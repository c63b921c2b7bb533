"""Challenges: good for one request, and for two minutes (CRD-2)."""

import pytest

from server.citizens.challenges import Challenges
from server.citizens.errors import CitizenReason
from server.ledger.values import Refusal, RequestKey
from tests.server.support import TestChance

KEY = bytes(range(32))
REQUEST = RequestKey("terminal:10000001", "0160aa2d-3260-7000-8000-000000000001")
NOW = 1_782_874_800_000_000
LIFETIME = 120_000_000


def challenges(key: bytes = KEY) -> Challenges:
    return Challenges(key, TestChance())


def refused(content: bytes, request: RequestKey = REQUEST, now: int = NOW) -> str:
    with pytest.raises(Refusal) as caught:
        challenges().check(content, request, now)
    return caught.value.reason


def test_good_for_two_minutes() -> None:
    made = challenges().make(REQUEST, NOW)
    assert made.expires_at == NOW + LIFETIME
    challenges().check(made.content, REQUEST, NOW)
    challenges().check(made.content, REQUEST, NOW + LIFETIME - 1)
    assert refused(made.content, now=NOW + LIFETIME) == CitizenReason.CHALLENGE_EXPIRED


def test_good_for_one_request_of_one_caller() -> None:
    content = challenges().make(REQUEST, NOW).content
    other = CitizenReason.CHALLENGE_NOT_FOR_THIS_REQUEST
    assert refused(content, RequestKey(REQUEST.caller, REQUEST.request_id[:-1] + "2")) == other
    assert refused(content, RequestKey("terminal:10000002", REQUEST.request_id)) == other


def test_no_two_are_alike() -> None:
    maker = challenges()
    assert maker.make(REQUEST, NOW) != maker.make(REQUEST, NOW)


def test_what_others_made_is_none() -> None:
    other = CitizenReason.CHALLENGE_NOT_FOR_THIS_REQUEST
    content = challenges().make(REQUEST, NOW).content
    assert refused(challenges(bytes(32)).make(REQUEST, NOW).content) == other
    for at in range(len(content)):
        assert refused(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]) == other
    for unfit in (b"", content[:-1], content + b"\0", content[1:], bytes(64), bytes(10_000)):
        assert refused(unfit) == other
