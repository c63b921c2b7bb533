"""Asking a real responder over HTTP (CRD-2)."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from server.citizens import ocsp as asking
from server.citizens.errors import RevocationUnknownError
from server.citizens.ocsp import ANSWER_BYTES_MAX, Responder
from tests.server.citizens.authorities import NOW, Authorities, in_a_thread
from tests.server.citizens.responder import (
    GOOD,
    REVOKED,
    UNKNOWN,
    Answering,
    answering,
    delegated,
    responding,
)
from tests.server.support import TestChance


async def asked(authorities: Authorities, answers: Answering) -> bool:
    with responding(answers) as url:
        responder = Responder(url, TestChance())
        issuer = authorities.authority.certificate
        return await responder.is_revoked(authorities.certificate(), issuer, NOW, in_a_thread)


async def test_good_and_revoked(authorities: Authorities) -> None:
    answers = answering(authorities)
    answers.certificate = authorities.certificate()
    for status in (GOOD, REVOKED):
        answers.status = status
        assert await asked(authorities, answers) == (status == REVOKED)
    request = ocsp.load_der_ocsp_request(answers.asked[0])
    assert request.serial_number == authorities.certificate().serial_number


async def test_a_responder_that_leaves_the_nonce_out(authorities: Authorities) -> None:
    answers = answering(authorities)
    answers.leaves_nonce_out = True
    assert not await asked(authorities, answers)


async def test_a_responder_in_the_authoritys_name(authorities: Authorities) -> None:
    answers = answering(authorities)
    answers.signer, answers.key = delegated(authorities, authorities.authority), authorities.key
    answers.status = REVOKED
    assert await asked(authorities, answers)


Change = Callable[[Authorities, Answering], None]


def unknown(authorities: Authorities, answers: Answering) -> None:
    answers.status = UNKNOWN


def stale(authorities: Authorities, answers: Answering) -> None:
    answers.this_update, answers.next_update = NOW - timedelta(days=2), NOW - timedelta(days=1)


def from_the_future(authorities: Authorities, answers: Answering) -> None:
    answers.this_update, answers.next_update = NOW + timedelta(days=1), NOW + timedelta(days=2)


def without_end_and_old(authorities: Authorities, answers: Answering) -> None:
    answers.this_update, answers.next_update = NOW - timedelta(hours=1), None


def replayed(authorities: Authorities, answers: Answering) -> None:
    answers.nonce = bytes(16)


def of_another_card(authorities: Authorities, answers: Answering) -> None:
    answers.certificate = authorities.authority.issue(
        authorities.key, 1, NOW - timedelta(days=1), NOW.date() + timedelta(days=9)
    )


def of_another_authority(authorities: Authorities, answers: Answering) -> None:
    answers.issuer = authorities.same_name.certificate


def signed_by_another_authority(authorities: Authorities, answers: Answering) -> None:
    other = authorities.same_name
    answers.signer, answers.key = other.certificate, other.key


def signed_by_a_card(authorities: Authorities, answers: Answering) -> None:
    answers.signer, answers.key = authorities.certificate(), authorities.key


def signed_by_one_for_something_else(authorities: Authorities, answers: Answering) -> None:
    answers.signer = delegated(authorities, authorities.authority, for_ocsp=False)
    answers.key = authorities.key


def signed_by_one_that_has_expired(authorities: Authorities, answers: Answering) -> None:
    until = NOW - timedelta(seconds=1)
    answers.signer = delegated(authorities, authorities.authority, until=until)
    answers.key = authorities.key


def signed_by_the_responder_of_another(authorities: Authorities, answers: Answering) -> None:
    answers.signer = delegated(authorities, authorities.same_name)
    answers.key = authorities.key


def garbage(authorities: Authorities, answers: Answering) -> None:
    answers.raw = lambda content: b"<html>" + content


def empty(authorities: Authorities, answers: Answering) -> None:
    answers.raw = lambda _: b""


def too_long(authorities: Authorities, answers: Answering) -> None:
    answers.raw = lambda _: bytes(ANSWER_BYTES_MAX + 1)


def says_try_later(authorities: Authorities, answers: Answering) -> None:
    later = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    answers.raw = lambda _: later.public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (unknown, "does not know the certificate"),
        (stale, "out of date"),
        (from_the_future, "out of date"),
        (without_end_and_old, "out of date"),
        (replayed, "to another question"),
        (of_another_card, "about another certificate"),
        (of_another_authority, "about another certificate"),
        (signed_by_another_authority, "not signed by the authority"),
        (signed_by_a_card, "not signed by the authority"),
        (signed_by_one_for_something_else, "not signed by the authority"),
        (signed_by_one_that_has_expired, "not signed by the authority"),
        (signed_by_the_responder_of_another, "not signed by the authority"),
        (garbage, "cannot be read"),
        (empty, "cannot be read"),
        (too_long, "too long"),
        (says_try_later, "TRY_LATER"),
    ],
)
async def test_answers_that_tell_nothing(
    authorities: Authorities, change: Change, told: str
) -> None:
    answers = answering(authorities)
    change(authorities, answers)
    with pytest.raises(RevocationUnknownError, match=told):
        await asked(authorities, answers)


async def test_a_changed_answer_tells_nothing(authorities: Authorities) -> None:
    answers = answering(authorities)
    good = Answering.answer

    def changed(content: bytes) -> bytes:
        answers.raw = None
        answer = bytearray(good(answers, content))
        answers.raw = changed
        answer[-20] ^= 1
        return bytes(answer)

    answers.raw = changed
    with pytest.raises(RevocationUnknownError, match="not signed by the authority"):
        await asked(authorities, answers)


async def test_a_responder_that_is_not_there(authorities: Authorities) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    issuer = authorities.authority.certificate
    with pytest.raises(RevocationUnknownError, match="refused"):
        await Responder(url, TestChance()).is_revoked(
            authorities.certificate(), issuer, NOW, in_a_thread
        )


async def test_a_silent_responder(
    authorities: Authorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "SECONDS_MAX", 0.2)
    over = threading.Event()
    answers = answering(authorities)

    def wait(content: bytes) -> bytes:
        over.wait(10)
        return content

    answers.raw = wait
    with responding(answers) as url, pytest.raises(RevocationUnknownError, match="time"):
        try:
            issuer = authorities.authority.certificate
            await Responder(url, TestChance()).is_revoked(
                authorities.certificate(), issuer, NOW, in_a_thread
            )
        finally:
            over.set()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"


@contextmanager
def speaking(head: bytes, bit: bytes = b"") -> Iterator[tuple[str, threading.Thread]]:
    """A responder that says what it says, and goes on bit by bit as long as it is listened to."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def speak() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                connection.recv(65536)
                connection.sendall(head)
                while bit:
                    connection.sendall(bit)
                    over.wait(0.01)

        over, thread = threading.Event(), threading.Thread(target=speak, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/", thread


async def test_a_responder_that_answers_bit_by_bit_keeps_no_thread(
    authorities: Authorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "SECONDS_MAX", 0.2)
    issuer = authorities.authority.certificate
    with speaking(HEAD, b"x") as (url, thread):
        responder = Responder(url, TestChance())
        with pytest.raises(RevocationUnknownError, match="time"):
            await responder.is_revoked(authorities.certificate(), issuer, NOW, in_a_thread)
        await asyncio.to_thread(thread.join, 20)
        assert not thread.is_alive(), "nobody listens any more"


async def test_a_responder_that_speaks_something_else(authorities: Authorities) -> None:
    issuer = authorities.authority.certificate
    with speaking(b"SSH-2.0-OpenSSH\r\n") as (url, _), pytest.raises(RevocationUnknownError):
        responder = Responder(url, TestChance())
        await responder.is_revoked(authorities.certificate(), issuer, NOW, in_a_thread)


def test_only_http_is_asked() -> None:
    with pytest.raises(ValueError, match="not an http or https address: file:"):
        Responder("file:///etc/passwd", TestChance())
